"""Times of a table: ISO 8601, other usual dates, and numbers since 1970 in whichever unit."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tutelage.data.forms.located_table import LocatedTable

__all__ = ["read_times", "unix_unit"]

_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
_EARLIEST_S = 946_684_800.0  # the year 2000, before which nobody surveyed Wi-Fi
_LATEST_S = 4_102_444_800.0  # the year 2100
_RULE = "write ISO 8601 (2024-05-01T09:30:00) or unix seconds, the same way in every row"
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T,]+(.*))?")
_WRITTEN_OUT = (
    *(
        "%a %b %d %H:%M:%S %Y",
        "%a %b %d %H:%M:%S %Z %Y",
        "%a, %d %b %Y %H:%M:%S %z",
        "%a, %d %b %Y %H:%M:%S %Z",
    ),
    *("%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%b %d, %Y %H:%M:%S", "%d %B %Y %H:%M:%S", "%Y%m%d%H%M%S"),
)
_TWELVE_HOURS = ("%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p")


def unix_unit(numbers: np.ndarray) -> str | None:
    """Recognise the unit of times since 1970 from their size.

    Parameters
    ----------
    numbers : numpy.ndarray
        Finite numbers, [n].

    Returns
    -------
    str or None
        "s", "ms", "us" or "ns", if all numbers then lie between the years 2000 and 2100; else None.
    """
    if not len(numbers):
        return "s"
    low, high = float(numbers.min()), float(numbers.max())
    fitting = (
        unit for unit, scale in _PER_SECOND.items() if _EARLIEST_S * scale <= low and high < _LATEST_S * scale
    )
    return next(fitting, None)


def read_times(table: LocatedTable, name: str, unit: str = "") -> tuple[np.ndarray | None, str]:
    """Read a column of times.

    Parameters
    ----------
    table : LocatedTable
        The table.
    name : str
        Column.
    unit : str, default ""
        One of `TIME_UNITS`; "" reads it from the values.

    Returns
    -------
    times : numpy.ndarray or None
        Times in UTC, [n] datetime64[ms], NaT where the cell is empty; None if they cannot be told.
    note : str
        How they were read, where that is not plain; "" elsewhere.

    Raises
    ------
    BadInputError
        At a cell that is not a time, or written otherwise than the others; and where the unit or the order of
        day and month must be asked for.
    """
    kind = table.columns[name].type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _milliseconds(table.columns[name]), ""
    text = table.text(name)
    filled = np.flatnonzero(text != "")
    if len(filled) and _is_number(text[filled[0]]):
        return _from_numbers(table, name, unit)
    if len(filled) and all(_CLOCK.fullmatch(cell) for cell in text[filled].tolist()):
        return None, f"times such as {text[filled[0]]} have no date and are left out; write date and time"
    if len(filled) and not re.match(r"\d{4}-\d{1,2}-", text[filled[0]]):
        return _from_dates(table, name, text, unit)
    return _milliseconds(table.converted(name, _from_iso, _RULE)), ""


def _milliseconds(cells: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(cells.to_numpy().astype("datetime64[ms]"))


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


# -- numbers --------------------------------------------------------------------------------------


def _from_numbers(table: LocatedTable, name: str, unit: str) -> tuple[np.ndarray | None, str]:
    numbers = table.numbers(name, _RULE)
    is_filled = np.isfinite(numbers)
    chosen = unit if unit in _PER_SECOND else unix_unit(numbers[is_filled])
    if chosen is None:
        first = numbers[is_filled][0]
        return None, (
            f"times such as {first:.15g} are left out: in no unit do they lie between the years 2000 "
            f"and 2100, as "
            "of a clock that began when the phone was switched on; to keep them, say their unit: "
            "--units time=ms "
            "(or s, us, ns)"
        )
    milliseconds = np.full(len(numbers), np.iinfo(np.int64).min, dtype=np.int64)
    scaled = numbers[is_filled] * (1e3 / _PER_SECOND[chosen])
    for index in np.flatnonzero(is_filled)[np.abs(scaled) > _LATEST_S * 1e3][:1].tolist():
        raise table.error(f"{numbers[index]:.15g} {chosen} since 1970 is no time; {_RULE}", index, name)
    milliseconds[is_filled] = np.round(scaled).astype(np.int64)
    words = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
    note = "" if chosen == "s" or unit else f"times are read as {words[chosen]} since 1970"
    return milliseconds.view("datetime64[ms]"), note


# -- text -----------------------------------------------------------------------------------------


def _from_iso(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return pc.cast(cells, pa.timestamp("ns"))
    except pa.ArrowException:
        return pc.cast(cells, pa.timestamp("ns", "UTC"))


def _from_dates(table: LocatedTable, name: str, text: np.ndarray, unit: str) -> tuple[np.ndarray, str]:
    parts = [_DATE.fullmatch(cell) for cell in text.tolist()]
    order = unit if unit in ("day-first", "month-first") else _order(table, name, text, parts)
    times = np.full(len(text), np.datetime64("NaT", "ms"))
    for index, (cell, date) in enumerate(zip(text.tolist(), parts, strict=True)):
        if not cell:
            continue
        moment = _moment(date, order) if date else _written_out(cell)
        if moment is None:
            raise table.error(f"{cell!r} is not allowed here; {_RULE}", index, name)
        times[index] = np.datetime64(moment, "ms")
    if order and not unit:
        return times, f"dates such as {next(filter(None, text.tolist()))} are read {order}"
    return times, ""


def _order(table: LocatedTable, name: str, text: np.ndarray, parts: list[re.Match[str] | None]) -> str:
    """Tell which of two numbers is the day: dots mean day first, and a number above 12 is no month."""
    dates = [date for date in parts if date and len(date[1]) < 3]
    if not dates:
        return ""
    if any(int(date[1]) > 12 for date in dates) or all(date[2] == "." for date in dates):
        return "day-first"
    if any(int(date[3]) > 12 for date in dates):
        return "month-first"
    index = next(i for i, date in enumerate(parts) if date)
    raise table.error(
        f"{str(text[index])!r} may be day or month first; say which: --units time=day-first or "
        f"time=month-first",
        index,
        name,
    )


def _moment(date: re.Match[str], order: str) -> datetime | None:
    first, second, last = int(date[1]), int(date[3]), int(date[4])
    if len(date[1]) > 2:
        year, month, day = first, second, last
    else:
        year = last if len(date[4]) > 2 else 2000 + last
        day, month = (second, first) if order == "month-first" else (first, second)
    clock = (date[5] or "").strip()
    try:
        midnight = datetime(year, month, day)
        if not clock:
            return midnight
        if _CLOCK.fullmatch(clock):
            hours, minutes, seconds = [*map(float, clock.split(":")), 0.0][:3]
            written = f"{year:04d}-{month:02d}-{day:02d}T{int(hours):02d}:{int(minutes):02d}:{seconds:09.6f}"
            return datetime.fromisoformat(written)
        return next(filter(None, (_parsed(clock, form, midnight) for form in _TWELVE_HOURS)), None)
    except (ValueError, OverflowError):
        return None


def _parsed(clock: str, form: str, midnight: datetime) -> datetime | None:
    try:
        return datetime.combine(midnight, datetime.strptime(clock.upper(), form).time())
    except ValueError:
        return None


def _written_out(text: str) -> datetime | None:
    for form in _WRITTEN_OUT:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return None
