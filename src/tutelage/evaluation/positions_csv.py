"""Answers of any model, from a CSV file."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tutelage.errors import BadInputError
from tutelage.runtime.access_point_names import WHOLE_NUMBER
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.places import PlaceAnswers
from tutelage.runtime.positions import Positions

__all__ = ["positions_from_csv"]

_NO_POINT = "both x_m and y_m empty for no position"
_LEFT_EMPTY = {"x_m": _NO_POINT, "y_m": _NO_POINT, "radius_m": "it empty for no radius"}
_NO_LEVEL = "the level of the radii is one number between 0 and 1 for all rows, such as 0.95, or empty"
_REQUIRED_COLUMNS = ("scan_id", "x_m", "y_m")
_REQUIRED_OF_PLACES = ("scan_id", "place")


def positions_from_csv(path: str | Path) -> Positions:
    """Read answers from a CSV file with the columns of `Positions.records()`.

    Parameters
    ----------
    path : str or Path
        UTF-8 file with a header. It needs the columns `scan_id`, and `x_m` and `y_m` or `place`: data-set
        metres, both empty where there is no position, or names, empty where there is no place. It may have
        `radius_m`, `level`, `floor`, `building`, `place_probability`, `place_set` (a JSON list of names),
        `n_unknown` and `reason`; other columns are ignored.

    Returns
    -------
    Positions
        Positions in a frame around the answers. A file has no EPSG code, so the frame has none.

    Raises
    ------
    BadInputError
        If something cannot be read; the message gives file, row and column of the first such thing.
    """
    rows = _csv_rows(Path(path))
    places = _places(path, rows)
    has_coordinates = "x_m" in rows[0][1]
    absolute_m = np.full((len(rows), 2), math.nan)
    if has_coordinates:
        absolute_m = np.array([_point(path, line, row) for line, row in rows], dtype=np.float64)
    has_position = np.isfinite(absolute_m).all(axis=1)
    is_answered = has_position if has_coordinates or places is None else places.best != ""
    frame = LocalFrame.around(absolute_m[has_position]) if has_position.any() else LocalFrame()
    reason = np.array([row.get("reason") or "" for _, row in rows], dtype=np.str_)
    return Positions(
        scan_id=_unique_ids(path, rows),
        position_m=absolute_m - np.asarray(frame.origin_m),
        frame=frame,
        reason=np.where(~is_answered & (reason == ""), "no answer in the file", reason),
        n_unknown=np.array([_count(path, line, row) for line, row in rows], dtype=np.int64),
        floor=_labels(rows, "floor"),
        building=_labels(rows, "building"),
        radius_m=_radii(path, rows),
        level=_level(path, rows),
        places=places,
        has_coordinates=has_coordinates,
    )


_Rows = list[tuple[int, Mapping[str, str]]]


def _csv_rows(path: Path) -> _Rows:
    """Read line number and cells of each row."""
    try:
        # utf-8-sig: spreadsheets put a byte-order mark before the first column's name
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _require_columns(path, header)
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"not a readable UTF-8 CSV file: {error}", file=path) from error
    for line, cells in lines:
        if len(cells) != len(header):
            raise BadInputError(
                f"{len(cells)} cells under {len(header)} columns; quote cells that hold a comma",
                file=path,
                row=line,
            )
    if not lines:
        raise BadInputError("no answers below the header; give one row a scan", file=path, row=2)
    return [(line, dict(zip(header, cells, strict=True))) for line, cells in lines]


def _require_columns(path: Path, header: list[str]) -> None:
    is_of_places = "place" in header and not {"x_m", "y_m"} & {*header}
    required = _REQUIRED_OF_PLACES if is_of_places else _REQUIRED_COLUMNS
    for column in required:
        if header.count(column) != 1:
            raise BadInputError(
                f"{header.count(column)} such columns; give one each of {', '.join(required)}",
                file=path,
                row=1,
                column=column,
            )


def _point(path: str | Path, line: int, row: Mapping[str, str]) -> tuple[float, float]:
    if not row["x_m"] and not row["y_m"]:
        return math.nan, math.nan
    return _metres(path, line, row, "x_m"), _metres(path, line, row, "y_m")


def _metres(path: str | Path, line: int, row: Mapping[str, str], column: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInputError(
            f"{row[column]!r} is not a number of metres; leave {_LEFT_EMPTY[column]}",
            file=path,
            row=line,
            column=column,
        )
    return value


def _radii(path: str | Path, rows: _Rows) -> np.ndarray | None:
    """Read the radii; None where no row has one."""
    radius_m = np.array(
        [_metres(path, line, row, "radius_m") if row.get("radius_m") else math.nan for line, row in rows],
        dtype=np.float64,
    )
    return radius_m if np.isfinite(radius_m).any() else None


def _level(path: str | Path, rows: _Rows) -> float | None:
    """Read the share of positions that the radii should hold; None where no row says it."""
    first = next((row["level"] for _, row in rows if row.get("level")), None)
    for line, row in rows:
        text = row.get("level")
        if text and (text != first or not _is_share(text)):
            raise BadInputError(f"{text!r}: {_NO_LEVEL}", file=path, row=line, column="level")
    return None if first is None else float(first)


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


def _places(path: str | Path, rows: _Rows) -> PlaceAnswers | None:
    """Read the places; None where no row has one."""
    best = _labels(rows, "place")
    if best is None:
        return None
    sets = [_place_set(path, line, row) for line, row in rows]
    name = np.unique([str(each) for each in [*best.tolist(), *(p for each in sets for p in each)] if each])
    if not any(sets):
        return PlaceAnswers(name, best)
    probability = np.full((len(rows), len(name)), math.nan)
    in_set = np.zeros((len(rows), len(name)), dtype=bool)
    for i, (line, row) in enumerate(rows):
        in_set[i, np.searchsorted(name, sets[i])] = True
        if best[i]:
            probability[i, np.searchsorted(name, best[i])] = _probability(path, line, row)
    return PlaceAnswers(name, best, probability, in_set)


def _place_set(path: str | Path, line: int, row: Mapping[str, str]) -> list[str]:
    text = row.get("place_set") or "[]"
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        rule = 'a set of places is a JSON list of names, such as ["hall", "kitchen"], or empty'
        raise BadInputError(f"{text!r}: {rule}", file=path, row=line, column="place_set")
    return names


def _probability(path: str | Path, line: int, row: Mapping[str, str]) -> float:
    text = row.get("place_probability") or "nan"
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isnan(value) or 0 <= value <= 1):
        rule = "a probability is a number from 0 to 1, or empty"
        raise BadInputError(f"{text!r}: {rule}", file=path, row=line, column="place_probability")
    return value


def _count(path: str | Path, line: int, row: Mapping[str, str]) -> int:
    text = row.get("n_unknown") or "0"
    if not (text.isascii() and text.isdigit()):
        raise BadInputError(
            f"{text!r} is not a count of access points; give 0, 1, 2 ...",
            file=path,
            row=line,
            column="n_unknown",
        )
    return int(text)


def _unique_ids(path: str | Path, rows: _Rows) -> np.ndarray:
    line_by_id: dict[str, int] = {}
    for line, row in rows:
        name = row["scan_id"]
        if not name or name in line_by_id:
            problem = f"scan {name!r} stands in row {line_by_id[name]} already" if name else "no scan id"
            raise BadInputError(
                f"{problem}; give each scan one row and one id", file=path, row=line, column="scan_id"
            )
        line_by_id[name] = line
    return np.array(list(line_by_id), dtype=np.str_)


def _labels(rows: _Rows, column: str) -> np.ndarray | None:
    """Read the labels of a column; None where no row has one. 2.0 means 2, as in surveys."""
    labels = np.array([re.sub(WHOLE_NUMBER, r"\1", row.get(column, "")) for _, row in rows], dtype=np.str_)
    return labels if (labels != "").any() else None
