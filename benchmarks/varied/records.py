"""Scans in JSON, and ways to write them otherwise."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.varied.varied_text import VariedText
from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.forms.known_columns import KNOWN_NAMES, bare_name
from tutelage.data.forms.located_table import number_in
from tutelage.runtime.access_point_names import normalised_name

__all__ = ["RECORD_CHANGES", "VariedRecords"]

_LISTS = ("items", "features", "wifiAccessPoints")


@dataclass(kw_only=True)
class VariedRecords(VariedText):
    """Objects of JSON and what they hold.

    Attributes
    ----------
    head : dict or None
        Object around the list; None if there is none.
    key : str
        Its member with the list.
    records : list
        The objects.
    in_lines : bool
        Whether an object is a line.
    indent : int or None
        As for `json.dumps`.
    """

    head: dict[str, Any] | None
    key: str
    records: list[Any]
    in_lines: bool
    indent: int | None = None

    @classmethod
    def of(cls, text: str, scans: FingerprintSet, options: dict[str, str]) -> VariedRecords | None:
        """Take a text apart; None if it is no list of objects."""
        try:
            whole = json.loads(text)
            in_lines = False
        except ValueError:
            try:
                whole = [json.loads(line) for line in text.splitlines() if line.strip()]
            except ValueError:
                return None
            in_lines = True
        key = next((key for key in _LISTS if isinstance(whole, dict) and key in whole), "")
        records = whole[key] if key else whole
        if not isinstance(records, list):
            return None
        rows = [*range(len(scans))] if len(records) == len(scans) else None
        return cls(
            head=whole if key else None,
            key=key,
            records=records,
            in_lines=in_lines,
            scans=scans,
            options=dict(options),
            rows=rows,
        )

    @property
    def text(self) -> str:
        """The objects as text."""
        if self.in_lines:
            return "".join(json.dumps(record) + "\n" for record in self.records)
        whole = self.records if self.head is None else {**self.head, self.key: self.records}
        return json.dumps(whole, indent=self.indent)

    def map_readings(self, change: Callable[[float], Any]) -> None:
        """Write readings otherwise."""
        known = {normalised_name(name) for name in self.scans.access_points}

        def walk(value: Any) -> Any:
            if isinstance(value, list):
                return [walk(each) for each in value]
            if not isinstance(value, dict):
                return value
            return {name: reading(each) if is_strength(name) else walk(each) for name, each in value.items()}

        def is_strength(name: str) -> bool:
            return normalised_name(name) in known or bare_name(name) in KNOWN_NAMES["rss_dbm"]

        def reading(value: Any) -> Any:
            number = number_in(value) if isinstance(value, str) else value
            if not isinstance(number, (int, float)) or not number < 0:  # "level" may be a floor
                return walk(value)
            return str(change(number)) if isinstance(value, str) else change(number)

        self.records = walk(self.records)


def _shuffled(value: Any, generator: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffled(each, generator) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _shuffled(value[name], generator) for name in generator.sample([*value], len(value))}


def _members_shuffled(records: VariedRecords, generator: random.Random) -> None:
    records.records = _shuffled(records.records, generator)


def _records_shuffled(records: VariedRecords, generator: random.Random) -> None:
    order = generator.sample(range(len(records.records)), len(records.records))
    records.records = [records.records[i] for i in order]
    records.rows = None if records.rows is None else [records.rows[i] for i in order]


def _laid_out(records: VariedRecords, generator: random.Random) -> None:
    records.indent = generator.choice([None, 0, 2])
    if records.in_lines:
        records.in_lines = generator.random() < 0.5


def _address_spelled(records: VariedRecords, generator: random.Random) -> None:
    spell = generator.choice(
        [str.upper, lambda name: name.replace(":", "-"), lambda name: name.replace(":", "")]
    )
    text = json.dumps(records.records)
    for name in records.scans.access_points:
        if ":" in name:
            text = text.replace(f'"{name}"', f'"{spell(name)}"')
    records.records = json.loads(text)


def _as_decimals(records: VariedRecords, _: random.Random) -> None:
    records.map_readings(lambda dbm: float(dbm))


def _as_text(records: VariedRecords, _: random.Random) -> None:
    records.map_readings(lambda dbm: f"{dbm:g}")


def _in_unit(records: VariedRecords, generator: random.Random) -> None:
    dbm = records.scans.rss_dbm.data
    if "units" in records.options or records.is_unsaid or not len(dbm) or dbm.min() < -99:
        return
    unit, convert = generator.choice(
        [("percent", lambda dbm: min(2 * (dbm + 100), 100)), ("unsigned", lambda dbm: -dbm)]
    )
    if generator.random() < 0.5:
        records.options["units"] = f"rss={unit}"
    else:
        records.is_unsaid = True
    records.map_readings(convert)
    records.strongest_dbm = -50.0 if unit == "percent" else 0.0


def _records_cut(records: VariedRecords, generator: random.Random) -> None:
    share = generator.choice([0.02, 0.2, 0.7])
    keep = [i for i in range(len(records.records)) if generator.random() > share]
    records.records = [records.records[i] for i in keep]
    records.is_part = True
    records.rows = None if records.rows is None else [records.rows[i] for i in keep]


def _record_doubled(records: VariedRecords, generator: random.Random) -> None:
    if records.records:
        i = generator.randrange(len(records.records))
        records.records.append(records.records[i])
        if records.rows is not None:
            records.rows.append(records.rows[i])


RECORD_CHANGES: dict[str, Callable[[VariedRecords, random.Random], None]] = {
    "members shuffled": _members_shuffled,
    "records shuffled": _records_shuffled,
    "laid out": _laid_out,
    "address spelled": _address_spelled,
    "decimals": _as_decimals,
    "text": _as_text,
    "unit": _in_unit,
    "records cut": _records_cut,
    "record doubled": _record_doubled,
}
