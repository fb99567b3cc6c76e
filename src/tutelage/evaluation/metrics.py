"""Positioning errors of a model's answers, and the figures that sum them up."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.errors import BadInputError
from tutelage.fingerprints import FingerprintSet
from tutelage.frames import LocalFrame
from tutelage.positions import Positions

__all__ = ["Evaluation", "error_cdf", "evaluate_positions", "positions_from_csv"]

_REQUIRED_COLUMNS = ("scan_id", "x_m", "y_m")

# What competitions add to the 2-D error: metres for each floor missed, and for a wrong building.
_IPIN_M = 15.0, 50.0  # Torres-Sospedra et al., Sensors 17(3), 557 (2017); the score is the third quartile
_EVAAL_M = 4.0, 50.0  # Torres-Sospedra et al., J. Ambient Intell. Smart Environ. 9(2) (2017); the mean


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """A model's answers beside the truth, row by row.

    Parameters
    ----------
    truth : [n] the scans asked about, with their true positions
    answers : [n] the model's answers, in the order of `truth`
    errors_m : [n] float64, 2-D distance from the true position in data-set metres; NaN without a position
    ground_scale : ground metres per data-set metre
    name : the model's name, as tables and plots show it
    """

    truth: FingerprintSet
    answers: Positions
    errors_m: np.ndarray
    ground_scale: float
    name: str = ""

    def __len__(self) -> int:
        return len(self.errors_m)

    def __repr__(self) -> str:
        known = {key: value for key, value in self.figures().items() if value is not None}
        shown = ", ".join(f"{k}={v:.2f}" if isinstance(v, float) else f"{k}={v}" for k, v in known.items())
        return f"Evaluation({self.name!r}, {shown})"

    def figures(self) -> dict[str, float | int | None]:
        """The figures of one row of a table.

        Returns
        -------
        dict
            `n` scans asked and `n_no_position` of them without an answer. Over the scans that got one:
            `mae_m`, `median_m`, `p75_m`, `p95_m` in data-set metres, `ground_mae_m` in ground metres,
            and the shares `floor_hit` and `building_hit` (0 to 1) of the scans whose true label is
            known; `ipin_p75_m` and `evaal_mae_m`, the scores of two competitions (`penalised_m`), over
            the scans whose floor is known. None stands for "nothing to count".
        """
        answered = self.errors_m[self.answers.answered]
        mae, median, p75, p95 = (
            [float(answered.mean()), *map(float, np.percentile(answered, [50, 75, 95]))]
            if len(answered)
            else [None] * 4
        )
        return {
            "n": len(self),
            "mae_m": mae,
            "median_m": median,
            "p75_m": p75,
            "p95_m": p95,
            "ground_mae_m": None if mae is None else mae * self.ground_scale,
            "floor_hit": self._hit(self.answers.floor, self.truth.floor),
            "building_hit": self._hit(self.answers.building, self.truth.building),
            "ipin_p75_m": self._score(*_IPIN_M, lambda errors: np.percentile(errors, 75)),
            "evaal_mae_m": self._score(*_EVAAL_M, np.mean),
            "n_no_position": len(self) - len(answered),
        }

    def penalised_m(self, floor_m: float, building_m: float) -> np.ndarray:
        """Errors with a penalty for each floor missed, and one for a wrong building.

        Parameters
        ----------
        floor_m : for each floor between the answer and the truth; floors whose names are no numbers are
            one apart
        building_m : for a wrong building, where there are several

        Returns
        -------
        [n] metres; NaN without a position, or where the floor is not known on either side
        """
        missed = _floors_apart(self.answers.floor, self.truth.floor, len(self))
        elsewhere = np.zeros(len(self))
        if self.answers.building is not None and self.truth.building is not None:
            elsewhere = (self.answers.building != self.truth.building) & (self.truth.building != "")
        return np.asarray(self.errors_m + floor_m * missed + building_m * elsewhere)

    def _score(
        self, floor_m: float, building_m: float, summed_up: Callable[[np.ndarray], Any]
    ) -> float | None:
        penalised = self.penalised_m(floor_m, building_m)
        known = penalised[~np.isnan(penalised)]
        return float(summed_up(known)) if len(known) else None

    def _hit(self, given: np.ndarray | None, true: np.ndarray | None) -> float | None:
        if given is None or true is None:
            return None
        counted = self.answers.answered & (true != "")
        return float((given == true)[counted].mean()) if counted.any() else None


def _floors_apart(given: np.ndarray | None, true: np.ndarray | None, n: int) -> np.ndarray:
    """[n] floors between two labels each, NaN where one is not known."""
    if given is None or true is None:
        return np.full(n, np.nan)
    unknown = (given == "") | (true == "")
    try:
        here, there = (np.where(unknown, "nan", label).astype(float) for label in (given, true))
    except ValueError:  # names such as "ground"
        return np.where(unknown, np.nan, given != true)
    return np.asarray(np.abs(here - there))


def evaluate_positions(answers: Positions, truth: FingerprintSet, *, name: str = "") -> Evaluation:
    """Compare answers with the truth, joined by scan id whatever the order.

    Parameters
    ----------
    answers : [n] positions in the model's frame
    truth : [n] the same scans with positions, in any frame of the same coordinates
    name : the model's name

    Returns
    -------
    Evaluation
        Rows in the order of `truth`.

    Raises
    ------
    BadInputError
        If a scan id stands on one side only or was answered twice, `truth` has no positions, or both
        frames name an EPSG code and the codes differ.
    """
    true_m = truth.in_frame(answers.frame).known_position_m
    joined = _in_order_of(truth.scan_id, answers)
    distance_m = np.hypot(*(joined.position_m - true_m).T)
    errors_m = np.where(joined.answered, distance_m, np.nan)
    georeferenced = truth.frame if truth.frame.epsg else answers.frame
    return Evaluation(truth, joined, errors_m, georeferenced.ground_scale, name)


def error_cdf(errors_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Empirical distribution of the errors.

    Parameters
    ----------
    errors_m : [n] metres; NaN (no position) is left out

    Returns
    -------
    x, share : [k], [k]
        The errors in ascending order, and the share of the k answered scans at most that far off.
    """
    x = np.sort(errors_m[~np.isnan(errors_m)])
    return x, np.arange(1, len(x) + 1) / max(len(x), 1)


def _in_order_of(scan_id: np.ndarray, answers: Positions) -> Positions:
    row_of = {str(name): row for row, name in enumerate(answers.scan_id)}
    asked = [str(name) for name in scan_id]
    _refuse_unmatched("have no answer", "answer every scan of the truth", set(asked) - row_of.keys())
    _refuse_unmatched("have no truth", "evaluate on the scans that were located", row_of.keys() - set(asked))
    if len(row_of) < len(answers):
        raise BadInputError(f"{len(answers) - len(row_of)} scans are answered twice; keep one answer a scan")
    rows = np.array([row_of[name] for name in asked], dtype=np.int64)
    return replace(
        answers,
        scan_id=answers.scan_id[rows],
        position_m=answers.position_m[rows],
        reason=answers.reason[rows],
        n_unknown=answers.n_unknown[rows],
        floor=None if answers.floor is None else answers.floor[rows],
        building=None if answers.building is None else answers.building[rows],
    )


def _refuse_unmatched(what: str, remedy: str, names: Collection[str]) -> None:
    if names:
        shown = ", ".join(repr(name) for name in sorted(names)[:3])
        raise BadInputError(f"{len(names)} scan ids {what}, such as {shown}; {remedy}")


# -- answers in a file ------------------------------------------------------------------------------


def positions_from_csv(path: str | Path) -> Positions:
    """Read answers from a CSV file with the columns of `Positions.records()`.

    Parameters
    ----------
    path : UTF-8 file with a header
        `scan_id`, `x_m` and `y_m` (data-set metres, both empty where there is no position) are
        needed; `floor`, `building`, `n_unknown` and `reason` may be missing, other columns are ignored.

    Returns
    -------
    Positions
        In a frame around the answers. A file does not tell its EPSG code, so the frame names none.

    Raises
    ------
    BadInputError
        With file, row and column of the first thing that cannot be read.
    """
    rows = _csv_rows(Path(path))
    absolute_m = np.array([_point(path, line, row) for line, row in rows], dtype=np.float64)
    answered = np.isfinite(absolute_m).all(axis=1)
    frame = LocalFrame.around(absolute_m[answered]) if answered.any() else LocalFrame()
    reason = np.array([row.get("reason") or "" for _, row in rows], dtype=np.str_)
    return Positions(
        scan_id=_unique_ids(path, rows),
        position_m=absolute_m - np.asarray(frame.origin_m),
        frame=frame,
        reason=np.where(~answered & (reason == ""), "no position in the file", reason),
        n_unknown=np.array([_count(path, line, row) for line, row in rows], dtype=np.int64),
        floor=_labels(rows, "floor"),
        building=_labels(rows, "building"),
    )


_Rows = list[tuple[int, Mapping[str, str]]]


def _csv_rows(path: Path) -> _Rows:
    """Line number and cells of each row."""
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
    for column in _REQUIRED_COLUMNS:
        if header.count(column) != 1:
            raise BadInputError(
                f"{header.count(column)} such columns; give one each of {', '.join(_REQUIRED_COLUMNS)}",
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
            f"{row[column]!r} is not a number of metres; leave both x_m and y_m empty for no position",
            file=path,
            row=line,
            column=column,
        )
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
    first: dict[str, int] = {}
    for line, row in rows:
        name = row["scan_id"]
        if not name or name in first:
            problem = f"scan {name!r} stands in row {first[name]} already" if name else "no scan id"
            raise BadInputError(
                f"{problem}; give each scan one row and one id", file=path, row=line, column="scan_id"
            )
        first[name] = line
    return np.array(list(first), dtype=np.str_)


def _labels(rows: _Rows, column: str) -> np.ndarray | None:
    """The labels of a column, None where no row has one."""
    labels = np.array([row.get(column, "") for _, row in rows], dtype=np.str_)
    return labels if (labels != "").any() else None
