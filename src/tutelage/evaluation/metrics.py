"""Positioning errors of a model's answers, and the figures that sum them up."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.runtime.positions import Positions

__all__ = ["Evaluation", "error_cdf", "evaluate_positions"]

# What competitions add to the 2-D error: metres for each floor missed, and for a wrong building.
_IPIN_M = 15.0, 50.0  # Torres-Sospedra et al., Sensors 17(3), 557 (2017); the score is the third quartile
_EVAAL_M = 4.0, 50.0  # Torres-Sospedra et al., J. Ambient Intell. Smart Environ. 9(2) (2017); the mean
_SHOWN_FLOORS = 5


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
    n_training_scans : from how many of these very scans the model learnt, as far as it can tell: one without
        a radio map knows all of them again or none; None where no model is known
    """

    truth: FingerprintSet
    answers: Positions
    errors_m: np.ndarray
    ground_scale: float
    name: str = ""
    n_training_scans: int | None = None

    def __len__(self) -> int:
        return len(self.errors_m)

    def __repr__(self) -> str:
        known = {key: value for key, value in self.figures().items() if value is not None}
        shown = ", ".join(f"{k}={v:.2f}" if isinstance(v, float) else f"{k}={v}" for k, v in known.items())
        return f"Evaluation({self.name!r}, {shown})"

    @property
    def on_training_scans(self) -> bool | None:
        """Whether the model learnt from any of these very scans; None where that is not known."""
        return None if self.n_training_scans is None else self.n_training_scans > 0

    @property
    def note(self) -> str:
        """What has to be said beside the figures; "" where that is nothing."""
        return "; ".join(filter(None, (self._of_training, self._of_floors)))

    @property
    def _of_floors(self) -> str:
        """That no floor is a name which the answers have."""
        given, true = self.answers.floor, self.truth.floor
        if given is None or true is None:
            return ""
        answered, known = (sorted({*labels.tolist()} - {""}) for labels in (given, true))
        if not answered or not known or {*answered} & {*known}:
            return ""
        ours, theirs = (", ".join(labels[:_SHOWN_FLOORS]) for labels in (answered, known))
        return (
            f"{self.name or 'the model'} knows none of these floors by its name: it answers {ours}, the "
            f"scans say {theirs}, and every floor counts as missed"
        )

    @property
    def _of_training(self) -> str:
        """From how many of the scans the model learnt."""
        if not self.n_training_scans:
            return ""
        n, name = self.n_training_scans, self.name or "the model"
        learnt = f"{name} learnt from these very scans: its figures are training errors"
        if n < len(self):
            learnt = (
                f"{name} learnt from {n} of these {len(self)} scans: its figures have training errors in them"
            )
        advice = "survey some anew, or hold out reference points (split_by_position)"
        return f"{learnt}; they say nothing of other scans; {advice}"

    def figures(self) -> dict[str, float | int | None]:
        """The figures of one row of a table.

        Returns
        -------
        dict
            `n` scans asked and `n_no_position` of them without an answer. Over the scans that got one:
            `mae_m`, `median_m`, `p75_m`, `p95_m` in data-set metres, `ground_mae_m` in ground metres,
            and the shares `floor_hit` and `building_hit` (0 to 1) of the scans whose true label is
            known; `ipin_p75_m` and `evaal_mae_m`, the scores of two competitions (`penalised_m`), over
            the scans whose floor is known; `coverage`, the share (0 to 1) of the scans with a radius whose
            true position lies within it, and `radius_m`, the median radius in data-set metres. `n_refused`
            counts the scans without an answer because they are unlike every surveyed place. None stands for
            "nothing to count".
        """
        answered, n_refused = self.errors_m[self.answers.answered], int(self.answers.refused.sum())
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
            **self._coverage(),
            "n_no_position": len(self) - len(answered),
            "n_refused": n_refused if n_refused or self.answers.radius_m is not None else None,
        }

    def _coverage(self) -> dict[str, float | None]:
        radius_m = self.answers.radius_m
        known = np.zeros(len(self), dtype=bool) if radius_m is None else np.isfinite(radius_m)
        if radius_m is None or not known.any():
            return {"coverage": None, "radius_m": None}
        within = self.errors_m[known] <= radius_m[known]
        return {"coverage": float(within.mean()), "radius_m": float(np.median(radius_m[known]))}

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
    joined = _in_order_of(truth.scan_id, answers, name or "the answers")
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


def _in_order_of(scan_id: np.ndarray, answers: Positions, name: str) -> Positions:
    row_of = {str(name): row for row, name in enumerate(answers.scan_id)}
    asked = [str(name) for name in scan_id]
    silent, unasked = set(asked) - row_of.keys(), row_of.keys() - set(asked)
    _refuse_unmatched(name, "have no answer", "answer every scan of the truth", silent)
    _refuse_unmatched(name, "have no truth", "evaluate on the scans that were located", unasked)
    if twice := len(answers) - len(row_of):
        raise BadInputError(f"{name}: {twice} scans are answered twice; keep one answer a scan")
    rows = np.array([row_of[name] for name in asked], dtype=np.int64)
    return replace(
        answers,
        scan_id=answers.scan_id[rows],
        position_m=answers.position_m[rows],
        reason=answers.reason[rows],
        n_unknown=answers.n_unknown[rows],
        floor=None if answers.floor is None else answers.floor[rows],
        building=None if answers.building is None else answers.building[rows],
        radius_m=None if answers.radius_m is None else answers.radius_m[rows],
    )


def _refuse_unmatched(name: str, what: str, remedy: str, names: Collection[str]) -> None:
    if names:
        shown = ", ".join(repr(name) for name in sorted(names)[:3])
        raise BadInputError(f"{name}: {len(names)} scan ids {what}, such as {shown}; {remedy}")
