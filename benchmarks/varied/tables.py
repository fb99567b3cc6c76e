"""Tables of text that can be written otherwise."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.varied.varied_text import VariedText
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.known_columns import KNOWN_NAMES, bare_name
from tutelage.data.forms.located_table import number_in
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["ADDRESS", "VariedTable", "plain_name"]

_NO_HEADER = re.compile(r"#|sep=|WigleWifi")
ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")


@dataclass(kw_only=True)
class VariedTable(VariedText):
    """A table of text and what it holds.

    Attributes
    ----------
    before : str
        Lines before the header.
    header : list of str
        Names of columns; empty if the file has none.
    cells : list of list of str
        Cells by rows.
    delimiter : str
        Between cells.
    quote_all : bool
        Whether every cell is in quotes.
    done : set of str
        Names of changes that are done once.
    """

    before: str
    header: list[str]
    cells: list[list[str]]
    delimiter: str
    quote_all: bool = False
    done: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, text: str, scans: FingerprintSet, options: dict[str, str]) -> VariedTable | None:
        """Take a text apart; None if it is no table."""
        lines = text.splitlines(keepends=True)
        first = next((i for i, line in enumerate(lines) if line.strip() and not _NO_HEADER.match(line)), 0)
        delimiter = max(",;\t|", key=lambda mark: lines[first].count(mark)) if lines else ","
        cells = [
            row for row in csv.reader(io.StringIO("".join(lines[first:])), delimiter=delimiter) if any(row)
        ]
        if len({*map(len, cells)}) != 1 or len(cells[0]) < 3:
            return None
        known = {name for names in KNOWN_NAMES.values() for name in names}
        if not known & {*map(bare_name, cells[0])}:
            return None
        table = cls(
            before="".join(lines[:first]),
            header=cells[0],
            cells=cells[1:],
            delimiter=delimiter,
            scans=scans,
            options=dict(options),
        )
        table.rows = [*range(len(scans))] if len(table.cells) == len(scans) else None
        ids = scans.scan_id.tolist()
        table.has_ids = any([row[j].strip() for row in table.cells] == ids for j in table.columns)
        return table

    @property
    def text(self) -> str:
        """The table as text."""
        out = io.StringIO()
        dialect = csv.unix_dialect if self.quote_all else csv.excel
        writer = csv.writer(out, dialect, delimiter=self.delimiter, lineterminator="\n")
        writer.writerows([self.header, *self.cells])
        return self.before + out.getvalue()

    @property
    def columns(self) -> range:
        """Numbers of the columns."""
        return range(len(self.header))

    @property
    def access_points(self) -> list[int]:
        """Columns of readings."""
        known = {normalised_name(name) for name in self.scans.access_points}
        return [j for j in self.columns if plain_name(self.header[j]) in known]

    @property
    def strengths(self) -> list[int]:
        """Columns of numbers that are readings."""
        names = [j for j in self.columns if bare_name(self.header[j]) in KNOWN_NAMES["rss_dbm"]]
        return self.access_points or names

    def column_of(self, name: str) -> int | None:
        """Return the column that is known to hold a field."""
        said = dict(pair.split("=") for pair in self.options.get("columns", "").split(",") if pair)
        if name in said or name in self.done:
            return None
        found = [j for j in self.columns if bare_name(self.header[j]) in KNOWN_NAMES[name]]
        return found[0] if len(found) == 1 else None

    def say(self, option: str, value: str, generator: random.Random) -> bool:
        """Say an option, or leave it out; False if it is said already."""
        if option in self.options or self.is_unsaid:
            return False
        if generator.random() < 0.5:
            self.options[option] = value
        else:
            self.is_unsaid = True
        return True

    def map_readings(self, change: Callable[[float], str]) -> None:
        """Write readings otherwise; what is not heard stays."""
        for row in self.cells:
            for j in self.strengths:
                value = number_in(row[j].strip())
                if value is not None and not np.isnan(value):
                    row[j] = change(value)


def plain_name(name: str) -> str:
    """Return the name of an access point as all spellings of it have it."""
    address = ADDRESS.search(name)
    return normalised_name(address[0] if address else name.strip())
