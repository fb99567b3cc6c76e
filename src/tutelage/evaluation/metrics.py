"""Errors of a model's answers, in metres and in places, and figures that sum them up."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.same_names import named_as
from tutelage.errors import BadInputError
from tutelage.evaluation.label_hits import LabelHits
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
    truth : FingerprintSet
        The n scans with their true positions, places or both.
    answers : Positions
        The n answers of the model, in the order of `truth`.
    errors_m : ndarray
        2-D distance from the true position in data-set metres, float64 [n]; NaN without a position or without
        a true one.
    ground_scale : float
        Ground metres per data-set metre.
    name : str
        The model's name in tables and plots.
    n_training_scans : int, optional
        Number of these scans that the model was trained on. A model without a radio map recognises all of
        them or none. None if only answers are given, without a model.

    Examples
    --------
    >>> from tutelage import Evaluation, Localizer, evaluate, simulated_survey
    >>> survey = simulated_survey(n_train=80, n_test=20)
    >>> model = Localizer("knn", calibrate=False).fit(survey)
    >>> evaluation = evaluate(model, survey, name="k-NN")
    >>> isinstance(evaluation, Evaluation), len(evaluation)
    (True, 20)
    >>> evaluation.errors_m.shape
    (20,)
    >>> 0 < evaluation.figures()["mae_m"] < 20
    True
    """

    truth: FingerprintSet
    answers: Positions
    errors_m: np.ndarray
    ground_scale: float
    name: str = ""
    n_training_scans: int | None = None

    def __len__(self) -> int:
        """Count the scans."""
        return len(self.errors_m)

    def __repr__(self) -> str:
        """Show the name and the figures that there are, not the arrays."""
        figures = {key: value for key, value in self.figures().items() if value is not None}
        words = ", ".join(f"{k}={v:.2f}" if isinstance(v, float) else f"{k}={v}" for k, v in figures.items())
        return f"Evaluation({self.name!r}, {words})"

    @property
    def on_training_scans(self) -> bool | None:
        """Whether the model was trained on any of these scans; None without a model."""
        return None if self.n_training_scans is None else self.n_training_scans > 0

    @property
    def note(self) -> str:
        """A warning to show beside the figures; "" if there is none."""
        return "; ".join(filter(None, (self._training_warning, self._floor_warning)))

    @property
    def _floor_warning(self) -> str:
        """A warning if answers and scans have no floor name in common."""
        if self.answers.floor is None or self.truth.floor is None:
            return ""
        answer_floors = sorted({*self.answers.floor.tolist()} - {""})
        true_floors = sorted({*self.truth.floor.tolist()} - {""})
        if not answer_floors or not true_floors or {*answer_floors} & {*true_floors}:
            return ""
        return (
            f"{self.name or 'the model'} knows none of these floors by its name: it answers "
            f"{', '.join(answer_floors[:_SHOWN_FLOORS])}, the scans say "
            f"{', '.join(true_floors[:_SHOWN_FLOORS])}, and every floor counts as missed"
        )

    @property
    def _training_warning(self) -> str:
        """A warning if the model learnt from some of the scans."""
        if not self.n_training_scans:
            return ""
        n = self.n_training_scans
        name = self.name or "the model"
        warning = f"{name} learnt from these very scans: its figures are training errors"
        if n < len(self):
            warning = (
                f"{name} learnt from {n} of these {len(self)} scans: its figures have training errors in them"
            )
        advice = "survey some anew, or hold out reference points (split_by_position)"
        if self.truth.position_m is None:
            advice = "scan the places anew, at another time"
        return f"{warning}; they say nothing of other scans; {advice}"

    def figures(self) -> dict[str, float | int | None]:
        """Compute the figures of one row of a table.

        Returns
        -------
        dict
            Figures by name; None if there is nothing to count.

            - `n`, `n_no_position`, `n_refused`: number of scans, of scans without an answer, and of scans
              that the model refused
            - `mae_m`, `median_m`, `p75_m`, `p95_m`: errors of the scans with a position, in data-set metres
            - `ground_mae_m`: their mean error in ground metres
            - `floor_hit`, `building_hit`: share of right labels, 0 to 1, among the scans with a true label
            - `ipin_p75_m`, `evaal_mae_m`: scores of two competitions, over the scans with a true floor (see
              `penalised_m`)
            - `coverage`: share of the radii that hold the true position, 0 to 1
            - `radius_m`: median radius in data-set metres
            - `place_hit`: share of right places, 0 to 1, among the answered scans with a true place
            - `place_balanced`: the same of each true place, averaged over the places
            - `place_set_coverage`, `place_set_size`: share of the sets that hold the true place, 0 to 1, and
              their mean number of places
        """
        answer_errors_m = self.errors_m[~np.isnan(self.errors_m)]
        n_refused = int(self.answers.refused.sum())
        mae, median, p75, p95 = (
            [float(answer_errors_m.mean()), *map(float, np.percentile(answer_errors_m, [50, 75, 95]))]
            if len(answer_errors_m)
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
            **self._place_figures(),
            "n_no_position": len(self) - int(self.answers.answered.sum()),
            "n_refused": n_refused if n_refused or self.is_calibrated else None,
        }

    @property
    def has_metres(self) -> bool:
        """Whether there are answered and true positions to compare."""
        return self.truth.position_m is not None and self.answers.has_coordinates

    @property
    def is_calibrated(self) -> bool:
        """Whether the answers say how sure they are: by radii, or by sets of places."""
        places = self.answers.places
        return self.answers.radius_m is not None or (places is not None and places.in_set is not None)

    @property
    def place_hits(self) -> LabelHits | None:
        """The answered places beside the true ones; None where either is missing."""
        places = self.answers.places
        best = None if places is None else places.best
        return LabelHits.of(best, self.truth.place, self.answers.answered)

    def _place_figures(self) -> dict[str, float | None]:
        hits = self.place_hits
        figures = {
            "place_hit": None if hits is None else hits.hit,
            "place_balanced": None if hits is None else hits.balanced,
        }
        places = self.answers.places
        if hits is None or places is None or places.in_set is None or self.truth.place is None:
            return {**figures, "place_set_coverage": None, "place_set_size": None}
        rows = self.answers.answered & (self.truth.place != "")
        return {
            **figures,
            "place_set_coverage": float(places.holds(self.truth.place)[rows].mean()),
            "place_set_size": float(places.set_size[rows].mean()),
        }

    def _coverage(self) -> dict[str, float | None]:
        radius_m = self.answers.radius_m
        has_radius = np.zeros(len(self), dtype=bool) if radius_m is None else np.isfinite(radius_m)
        if radius_m is None or not has_radius.any():
            return {"coverage": None, "radius_m": None}
        has_radius &= ~np.isnan(self.errors_m)
        if not has_radius.any():
            return {"coverage": None, "radius_m": None}
        is_within = self.errors_m[has_radius] <= radius_m[has_radius]
        return {"coverage": float(is_within.mean()), "radius_m": float(np.median(radius_m[has_radius]))}

    def penalised_m(self, floor_m: float, building_m: float) -> np.ndarray:
        """Compute errors with a penalty for each floor missed, and one for a wrong building.

        Parameters
        ----------
        floor_m : float
            Metres for each floor between the answer and the truth. Floors without a number as name count as
            one apart.
        building_m : float
            Metres for a wrong building, if there are several.

        Returns
        -------
        ndarray
            Metres [n]; NaN without a position, or without a floor in the answer or the truth.
        """
        missed_floors = _floors_apart(self.answers.floor, self.truth.floor, len(self))
        wrong_building = np.zeros(len(self))
        if self.answers.building is not None and self.truth.building is not None:
            wrong_building = (self.answers.building != self.truth.building) & (self.truth.building != "")
        return np.asarray(self.errors_m + floor_m * missed_floors + building_m * wrong_building)

    def _score(
        self, floor_m: float, building_m: float, statistic: Callable[[np.ndarray], Any]
    ) -> float | None:
        errors_m = self.penalised_m(floor_m, building_m)
        errors_m = errors_m[~np.isnan(errors_m)]
        return float(statistic(errors_m)) if len(errors_m) else None

    def _hit(self, labels: np.ndarray | None, true_labels: np.ndarray | None) -> float | None:
        hits = LabelHits.of(labels, true_labels, self.answers.answered)
        return None if hits is None else hits.hit


def _floors_apart(labels: np.ndarray | None, true_labels: np.ndarray | None, n: int) -> np.ndarray:
    """Count the floors [n] between two labels each, NaN where one is missing."""
    if labels is None or true_labels is None:
        return np.full(n, np.nan)
    missing = (labels == "") | (true_labels == "")
    try:
        floors = np.where(missing, "nan", labels).astype(float)
        true_floors = np.where(missing, "nan", true_labels).astype(float)
    except ValueError:  # names such as "ground"
        return np.where(missing, np.nan, labels != true_labels)
    return np.asarray(np.abs(floors - true_floors))


def evaluate_positions(answers: Positions, truth: FingerprintSet, *, name: str = "") -> Evaluation:
    """Compare answers with the truth, joined by scan id whatever the order.

    Parameters
    ----------
    answers : Positions
        n positions in the model's frame.
    truth : FingerprintSet
        The same n scans with positions, in any frame of the same coordinates, or with places.
    name : str, optional
        The model's name.

    Returns
    -------
    Evaluation
        Rows in the order of `truth`.

    Raises
    ------
    BadInputError
        If a scan id stands on one side only or was answered twice, answers and truth have neither positions
        nor places in common, or both frames name an EPSG code and the codes differ.
    """
    has_metres = truth.position_m is not None and answers.has_coordinates
    if not has_metres and (truth.place is None or answers.places is None):
        raise BadInputError(_nothing_in_common(truth, answers, name or "the model"))
    if answers.places is not None:
        truth = named_as(truth, answers.places.name)
    answers = _sort_answers(answers, truth.scan_id, name or "the answers")
    errors_m = np.full(len(truth), np.nan)
    if has_metres:
        true_m = truth.in_frame(answers.frame).known_position_m
        errors_m = np.where(answers.answered, np.hypot(*(answers.position_m - true_m).T), np.nan)
    frame = truth.frame if truth.frame.epsg else answers.frame
    return Evaluation(truth, answers, errors_m, frame.ground_scale, name)


def _nothing_in_common(truth: FingerprintSet, answers: Positions, name: str) -> str:
    """Say why scans cannot be compared with answers."""
    if truth.position_m is None and truth.place is None:
        missing = "x_m and y_m" if answers.has_coordinates else "place"
        return f"these scans have no positions or places to compare with; add the columns {missing}"
    if answers.has_coordinates:
        return f"{name} answers positions, and these scans have places alone; add the columns x_m and y_m"
    return f"{name} answers places, and these scans have positions alone; add the column place"


def error_cdf(errors_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the empirical distribution of errors.

    Parameters
    ----------
    errors_m : ndarray
        Errors [n] in metres; NaN (no position) is left out.

    Returns
    -------
    x, share : ndarray
        The k errors that there are, in ascending order [k], and for each the share of these scans that are
        at most as far off [k].
    """
    x = np.sort(errors_m[~np.isnan(errors_m)])
    return x, np.arange(1, len(x) + 1) / max(len(x), 1)


def _sort_answers(answers: Positions, scan_id: np.ndarray, name: str) -> Positions:
    """Put answers in the order of the scan ids."""
    row_by_id = {str(each): row for row, each in enumerate(answers.scan_id)}
    true_ids = [str(each) for each in scan_id]
    _refuse_unmatched(
        name, "have no answer", "answer every scan of the truth", set(true_ids) - row_by_id.keys()
    )
    _refuse_unmatched(
        name, "have no truth", "evaluate on the scans that were located", row_by_id.keys() - set(true_ids)
    )
    if n_repeats := len(answers) - len(row_by_id):
        raise BadInputError(f"{name}: {n_repeats} scans are answered twice; keep one answer a scan")
    rows = np.array([row_by_id[each] for each in true_ids], dtype=np.int64)
    return replace(
        answers,
        scan_id=answers.scan_id[rows],
        position_m=answers.position_m[rows],
        reason=answers.reason[rows],
        n_unknown=answers.n_unknown[rows],
        floor=None if answers.floor is None else answers.floor[rows],
        building=None if answers.building is None else answers.building[rows],
        radius_m=None if answers.radius_m is None else answers.radius_m[rows],
        places=None if answers.places is None else answers.places[rows],
    )


def _refuse_unmatched(name: str, what: str, remedy: str, names: Collection[str]) -> None:
    if names:
        examples = ", ".join(repr(name) for name in sorted(names)[:3])
        raise BadInputError(f"{name}: {len(names)} scan ids {what}, such as {examples}; {remedy}")
