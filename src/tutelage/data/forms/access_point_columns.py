"""Which columns of a table are access points, and which are something else that holds numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa

from tutelage.data.forms.fields import FIELDS
from tutelage.data.forms.form import Note
from tutelage.data.forms.known_columns import KNOWN_NAMES, bare_name
from tutelage.data.forms.located_table import LocatedTable, number_in
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.units import Units
from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import normalised_name
from tutelage.runtime.readings import RSS_MAX_DBM, RSS_MIN_DBM

__all__ = ["left_out_note", "name_says", "with_access_points"]

# Words of columns that stand beside readings in the tables of apps, papers and public sets.
_WORDS = frozenset(
    """
    lat latitude lon lng long longitude x y z height altitude alt elevation depth heading direction
    orientation azimuth yaw pitch roll bearing compass angle tick time timestamp date hour minute second
    day weekday month year scene sceneid sampletimes sample samples series poi temperature temp humidity
    pressure barometer light lux battery voltage txpower power measuredpower noise noisefloor snr sinr
    count counter n number num index idx row seq sequence step steps speed velocity accuracy
    accuracymeters altitudemeters channel frequency freq bandwidth distance range rtt ssid security
    capabilities type session run walk path route trajectory grid gridid gridindex rp rpid point pointid
    refpoint referencepoint spaceid relativeposition acc accel gyro mag magn magnetic rsrp rsrq cellid
    weight class target cluster age delay uptime std var variance fold partition set id floor building
    user device phone room place label location zone experiment trial round measurement quality epsg
    offset unnamed rcois mfgrid authmode url uuid major minor
    """.split()  # noqa: SIM905
)
_AROUND = frozenset(  # words that say no more about them
    """
    m s ms us ns db dbm deg degrees degree rad c k hpa pa cm mm km mhz ghz hz percent pct utc unix local
    gps phone device sensor mean avg average current cur total tx rx wifi ble ap aps scan of in the at
    to from user x y z w 0 1 2
    """.split()  # noqa: SIM905
)
_MAC_WITHIN = re.compile(r"(?:^|[^0-9A-Za-z])((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})(?:$|[^0-9A-Za-z])")
_PLAIN_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_BEACON = re.compile(r"(?i)beacon|[0-9a-f]{8}-[0-9a-f]{4}-|\d+[-_:]\d+$")
_MOST = 0.5
_FEWEST_SCANS = 10
_FEWEST_COLUMNS = 3
_ODD_ONES = 2  # names that are no address among addresses; more are a way of naming
_STEADY_DB = 3.0  # what is heard everywhere and hardly varies is not a signal from one place
_SHOWN = 8
_WILD = re.compile(r"[*?[]")


@dataclass(frozen=True)
class _Column:
    """A column that may be an access point: its numbers, and whether most of its cells are text.

    `numbers` are without codes for "not heard", `written` with them; None if a cell is no number.
    """

    name: str
    numbers: np.ndarray | None
    written: np.ndarray | None
    is_text: bool

    @property
    def heard(self) -> np.ndarray:
        return np.empty(0) if self.numbers is None else self.numbers[np.isfinite(self.numbers)]

    @property
    def is_everywhere(self) -> bool:
        return self.numbers is not None and bool(np.isfinite(self.numbers).all())

    @property
    def has_decimals(self) -> bool:
        return bool(len(self.heard)) and float(np.mean(self.heard % 1 != 0)) > _MOST

    @property
    def is_out_of_range(self) -> bool:
        outside = self.heard[(self.heard < RSS_MIN_DBM) | (self.heard > RSS_MAX_DBM)]
        return len(outside) > _MOST * len(self.heard) and len(np.unique(outside)) >= min(3, len(self.heard))


def with_access_points(table: LocatedTable, options: ReadOptions) -> tuple[LocatedTable, tuple[Note, ...]]:
    """Leave columns out of a table that are neither fields nor access points.

    Left out are known words (heading, tx_power), text, and, if `options.located`, columns unlike the others:
    one or two names that are no address among addresses, decimals among whole numbers, numbers that are no
    dBm, and what every scan has and hardly varies. An address is always an access point, and so is what
    `options.access_points` names.

    Parameters
    ----------
    table : LocatedTable
        Table with fields for names.
    options : ReadOptions
        What the user says.

    Returns
    -------
    table : LocatedTable
        Fields and access points alone. An address that stands in a longer name is the name, and two spellings
        of one address are one column, the mean of both.
    notes : tuple of Note
        What was left out or joined.
    """
    columns = [_column(table, name, options) for name in table.names if name not in FIELDS]
    reasons = _left_out(columns, options)
    kept = [column for column in columns if column.name not in reasons]
    notes = [left_out_note(len(kept), reasons)] if reasons else []
    fields = {name: table.columns[name] for name in table.names if name in FIELDS}
    table, joined = _joined(table, fields, kept, options.units)
    return table, (*notes, *joined)


def name_says(names: Sequence[str], patterns: Sequence[str]) -> dict[str, bool | None]:
    """Tell by its name whether a column is an access point.

    Parameters
    ----------
    names : sequence of str
        Columns that are no fields.
    patterns : sequence of str
        What `ReadOptions.access_points` holds.

    Returns
    -------
    dict of str to bool or None
        True for an address and for what the patterns name, False for a known word; None leaves it to the
        cells.
    """
    exact = frozenset(patterns)  # a model may know thousands of names, which need no matching
    wild = [pattern for pattern in patterns if _WILD.search(pattern)]

    def of(name: str) -> bool | None:
        if _address(name) or name in exact or any(fnmatchcase(name, pattern) for pattern in wild):
            return True
        return False if _is_known_word(name) else None

    return {name: of(name) for name in names}


def _column(table: LocatedTable, name: str, options: ReadOptions) -> _Column:
    try:
        numbers = table.numbers(name, "")
    except BadInputError:
        return _Column(name, None, None, _is_text(table, name))
    heard = np.where(options.not_heard.means(numbers), np.nan, numbers) if options.not_heard else numbers
    return _Column(name, heard, numbers, is_text=False)


def _is_text(table: LocatedTable, name: str) -> bool:
    """Whether most filled cells are no numbers; else the column is one of numbers with some faults."""
    try:
        cells = table.text(name)
    except BadInputError:
        return True
    numbers = [number_in(cell) for cell in cells.tolist()]
    n_text = sum(number is None for number in numbers)
    n_numbers = sum(number is not None and not np.isnan(number) for number in numbers)
    return n_text >= max(1, n_numbers)


# -- what is none ---------------------------------------------------------------------------------


def _left_out(columns: Sequence[_Column], options: ReadOptions) -> dict[str, str]:
    reasons: dict[str, str] = {}
    said = name_says([column.name for column in columns], options.access_points)
    family = _main_family([*said])
    others = [column for column in columns if not _is_known_word(column.name) and not column.is_text]
    odd = [column for column in others if _family(column.name) != family]
    for column in columns:
        if said[column.name]:
            continue
        if said[column.name] is False:
            reasons[column.name] = "name"
        elif column.is_text:
            reasons[column.name] = "text"
        elif column in odd and (reason := _unlike(column, others, family, len(odd), located=options.located)):
            reasons[column.name] = reason
    return reasons


def _unlike(column: _Column, others: Sequence[_Column], family: str, n_odd: int, *, located: bool) -> str:
    """Say how a column differs from the others; "" if it does not."""
    if column.numbers is None:
        return ""
    if column.is_out_of_range and not located:
        return "values"
    if not located or len(others) < _FEWEST_COLUMNS:
        return ""
    if family == _ADDRESS and n_odd <= _ODD_ONES and not _BEACON.search(column.name):
        return "no address"
    rest = [other for other in others if other is not column and len(other.heard)]
    if not len(column.heard) or not rest:
        return ""
    if column.is_out_of_range and np.mean([other.is_out_of_range for other in rest]) < _MOST:
        return "values"
    if column.has_decimals and np.mean([other.has_decimals for other in rest]) < _MOST:
        return "decimals"
    is_rare = np.mean([other.is_everywhere for other in rest]) < _MOST
    if column.is_everywhere and is_rare and len(column.heard) >= _FEWEST_SCANS:
        return "in every scan" if float(np.std(column.heard)) < _STEADY_DB else ""
    return ""


_ADDRESS = "address"


def _address(name: str) -> str | None:
    """Return the MAC address that is a name, or stands in it beside a network's name."""
    if _PLAIN_MAC.fullmatch(name):
        return name
    within = _MAC_WITHIN.search(name)
    return within[1] if within else None


def _family(name: str) -> str:
    return _ADDRESS if _address(name) else re.sub(r"\d+", "#", name)


def _main_family(names: Sequence[str]) -> str:
    """Return the way in which most names are made, such as "AP_#"; "" if there is none."""
    common = Counter(map(_family, names)).most_common(1)
    return common[0][0] if common and common[0][1] >= max(_FEWEST_COLUMNS, _MOST * len(names)) else ""


def _is_known_word(name: str) -> bool:
    if bare_name(name) in _WORDS or any(bare_name(name) in known for known in KNOWN_NAMES.values()):
        return True
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    tokens = [token for token in re.split(r"[\W_]+", spaced.casefold()) if token]
    return (
        bool(tokens)
        and any(token in _WORDS for token in tokens)
        and all(token in _WORDS or token in _AROUND for token in tokens)
    )


def left_out_note(n_kept: int, reasons: Mapping[str, str]) -> Note:
    """Say which columns are left out.

    Parameters
    ----------
    n_kept : int
        Number of columns that are access points.
    reasons : mapping of str to str
        Why each of the others is left out: "name", "text", or what is unlike the others.

    Returns
    -------
    Note
        The note.
    """
    names = [*reasons]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    is_text_alone = set(reasons.values()) == {"text"}
    advice = (
        "text is no reading" if is_text_alone else "take them with --access-points '*', or by their names"
    )
    plural = "" if n_kept == 1 else "s"
    return Note(
        "no_access_point", f"{n_kept:,} access point{plural}; left out: {shown}", advice, tuple(names)
    )


# -- one column for one address -------------------------------------------------------------------


def _joined(
    table: LocatedTable, fields: dict[str, pa.ChunkedArray], kept: Sequence[_Column], units: Units
) -> tuple[LocatedTable, list[Note]]:
    groups: dict[str, list[_Column]] = {}
    for column in kept:
        groups.setdefault(_own_name(column.name), []).append(column)
    arrays = dict(fields)
    titles = dict(table.titles)
    joined, renamed = [], []
    for name, group in groups.items():
        if len(group) > 1 and all(_may_be_joined(column, units) for column in group):
            arrays[group[0].name if _address(group[0].name) == group[0].name else name] = pa.array(
                _mean(group)
            )
            joined.append(name)
            continue
        for column in group:
            is_part = len(group) == 1 and _address(column.name) not in (None, column.name)
            new_name = name if is_part else column.name
            titles |= {new_name: column.name} if is_part else {}
            renamed += [column.name] if is_part else []
            arrays[new_name] = (
                table.columns[column.name] if column.written is None else pa.array(column.written)
            )
    notes = []
    if renamed:
        notes.append(
            Note(
                "named_by_address",
                f"{len(renamed)} access points are named by the address in their column's name",
            )
        )
    if joined:
        shown = ", ".join(joined[:_SHOWN])
        notes.append(
            Note("same_address", f"columns of one address are joined, with the mean of both: {shown}")
        )
    return replace(table, columns=pa.table(arrays), titles=titles), notes


def _own_name(name: str) -> str:
    address = _address(name)
    return normalised_name(address) if address else name


def _may_be_joined(column: _Column, units: Units) -> bool:
    heard = units.to_dbm(column.heard)
    heard = heard[np.isfinite(heard)]
    return column.numbers is not None and bool(((heard >= RSS_MIN_DBM) & (heard <= RSS_MAX_DBM)).all())


def _mean(group: Sequence[_Column]) -> np.ndarray:
    numbers = np.array([column.numbers for column in group], dtype=np.float64)
    n_heard = np.isfinite(numbers).sum(axis=0)
    total = np.where(np.isfinite(numbers), numbers, 0.0).sum(axis=0)
    return np.where(n_heard > 0, total / np.maximum(n_heard, 1), np.nan)
