"""Group the seeds of a configuration, and compare each group with its controls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, stdev

import numpy as np

from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BOUND, KNN, WITH_MATCHER
from tutelage.experiments.paper_figures import PaperFigure
from tutelage.experiments.result_files import Row
from tutelage.statistics import Difference, holm, paired_bootstraps

__all__ = ["CONTROLS", "ControlComparison", "ScanErrors", "SeedGroup", "compare_groups"]

ScanErrors = Callable[[str], np.ndarray | None]
"""Look up the errors [n] of a cell on the test scans, in metres, by its hash. None: they were not kept."""

CONTROLS = {
    "own": "own data alone",
    "control": "its control",
    "shuffled": "teachers of permuted locations",
    "knn": "k-NN",
}
"""The controls of a group, by their short names.

The control of teachers is the same number of untrained teachers. The control of a transfer is a transfer from
the target itself, with the same number of updates through the same encoders.
"""
_LEVEL = 0.05
_RESAMPLES = 10_000
# The smallest p-value is 2 / resamples. Holm multiplies it by the number of comparisons, and the product has
# to be able to fall below the level.
_RESAMPLES_A_COMPARISON = 80
_NOT_CONVERGED = 3.0  # times the error of k-NN
_FEWEST_SEEDS = 3  # fewer seeds say nothing about another training


@dataclass(frozen=True)
class ControlComparison:
    """The difference between a group and a control.

    Parameters
    ----------
    difference : Difference
        Error of the group minus the error of the control, in metres.
    p_holm : float
        p-value, adjusted for all comparisons of the table.
    holds : bool
        Whether the interval excludes 0, the adjusted p is below 0.05, and all seeds, at least three, agree.
    converged : bool
        Whether both the group and the control converged.
    """

    difference: Difference
    p_holm: float
    holds: bool
    converged: bool = True


@dataclass(frozen=True)
class SeedGroup:
    """The seeds of one configuration.

    Parameters
    ----------
    cell : Cell
        The cell of the first seed.
    rows : mapping of int to Row
        The figures of each seed.
    paper_figure : PaperFigure or None
        The figure that the paper prints.
    comparisons : mapping of str to ControlComparison
        The comparison with each control, by the control's short name.
    converged : bool
        Whether the mean error is at most three times that of k-NN at the same place.
    """

    cell: Cell
    rows: Mapping[int, Row]
    paper_figure: PaperFigure | None
    comparisons: Mapping[str, ControlComparison] = field(default_factory=dict)
    converged: bool = True

    def values(self, column: str) -> list[float]:
        """Return a figure of every seed, in the order of the seeds.

        Parameters
        ----------
        column : str
            Name of the figure.

        Returns
        -------
        list of float
            One value for each seed.
        """
        return [float(self.rows[seed][column]) for seed in sorted(self.rows)]

    @property
    def seconds_text(self) -> str:
        """Mean seconds of training on each device. A processor is not named."""
        seconds_by_device: dict[str, list[float]] = {}
        for seed in sorted(self.rows):
            row = self.rows[seed]
            seconds_by_device.setdefault(row["device"] or "cpu", []).append(float(row["train_seconds"]))
        means = {device: f"{mean(seconds):.0f}" for device, seconds in seconds_by_device.items()}
        return ", ".join(means[name] if name == "cpu" else f"{means[name]} ({name})" for name in means)

    @property
    def mae_m(self) -> float:
        """Mean error in metres, averaged over the seeds."""
        return mean(self.values("mae_m"))

    @property
    def sd_m(self) -> float | None:
        """Standard deviation of the mean error over seeds, in metres; None for one seed or a divergence."""
        errors = self.values("mae_m")
        return stdev(errors) if len(errors) > 1 and not self.n_diverged else None

    @property
    def n_diverged(self) -> int:
        """Number of seeds whose training diverged. Their errors are infinite."""
        return sum(map(math.isinf, self.values("mae_m")))

    @property
    def coverage(self) -> float | None:
        """Share of the test scans within their 95 % radius, averaged over the seeds with radii."""
        shares = [float(row["coverage"]) for row in self.rows.values() if row["coverage"]]
        return mean(shares) if shares else None

    def share(self, column: str) -> float | None:
        """Return the mean share of a constraint in the gradient, averaged over the seeds that measured it.

        Parameters
        ----------
        column : str
            A key of `SHARE_COLUMNS`.

        Returns
        -------
        float or None
            0 to 1; None where it took no part or was not measured.
        """
        shares = [float(row[column]) for row in self.rows.values() if row[column]]
        return mean(shares) if shares else None

    @property
    def place(self) -> tuple[str, float]:
        """Target and share of the training data. Only groups with the same place are compared."""
        return self.cell.target, self.cell.train_fraction


def _controls(group: SeedGroup, groups: Sequence[SeedGroup]) -> dict[str, SeedGroup]:
    """Return the groups that `group` is compared with, by short name."""
    if group.cell.network == KNN:
        return {}
    settings = group.cell.learning_method.settings
    controls: dict[str, SeedGroup] = {}
    for other in groups:
        if other.place != group.place or other is group:
            continue
        for name in _roles(other.cell, group.cell):
            # A control under the same settings goes before one under the recipe's own.
            if name not in controls or other.cell.learning_method.settings == settings:
                controls[name] = other
    return controls


def _roles(other: Cell, cell: Cell) -> Iterator[str]:
    """Return the names among `CONTROLS` that `other` has for `cell`."""
    other_method = other.learning_method
    method = cell.learning_method
    if other.network == KNN:
        if other.method != BOUND:
            yield "knn"
        return
    if other.network != cell.network or other_method.recipe != method.recipe:
        return
    if other_method.kind == "alone" and not other_method.settings:
        yield "own"
    # A matcher has one teacher, however many its sources.
    if cell.network in WITH_MATCHER or len(other.sources) == len(cell.sources):
        controls_teachers = method.with_teacher_files and other_method.kind == UNTRAINED
        controls_transfer = method.transfer and other_method.from_target and not method.from_target
        if controls_teachers or controls_transfer:
            yield "control"
    if method.kind == "trained" and other_method.kind == "shuffled" and other.sources == cell.sources:
        yield "shuffled"


def compare_groups(groups: Sequence[SeedGroup], scan_errors: ScanErrors) -> list[SeedGroup]:
    """Compare each group with its controls, adjust the p-values, and find the groups that did not converge.

    The p-values are adjusted over all comparisons.

    Parameters
    ----------
    groups : sequence of SeedGroup
        All groups of one table.
    scan_errors : callable
        Looks up the errors [n] on the test scans by a cell's hash.

    Returns
    -------
    list of SeedGroup
        The same groups with their comparisons.
    """
    groups = _with_convergence(groups)
    pairs = [
        (i, name, control.converged, _paired_errors_m(group, control, scan_errors))
        for i, group in enumerate(groups)
        for name, control in _controls(group, groups).items()
    ]
    measured = [
        (i, name, groups[i].converged and control_converged, errors_m)
        for i, name, control_converged, errors_m in pairs
        if errors_m is not None
    ]
    differences = _bootstrapped([errors_m for *_, errors_m in measured])
    adjusted = holm([difference.p for difference in differences])
    comparisons: dict[int, dict[str, ControlComparison]] = {}
    for (i, name, converged, errors_m), difference, p_holm in zip(
        measured, differences, adjusted, strict=True
    ):
        agree = len(errors_m) >= _FEWEST_SEEDS and len(set(np.sign(errors_m.mean(axis=1)))) == 1
        excludes = difference.low > 0 or difference.high < 0
        holds = bool(agree and excludes and p_holm < _LEVEL)
        comparisons.setdefault(i, {})[name] = ControlComparison(difference, float(p_holm), holds, converged)
    return [replace(group, comparisons=comparisons.get(i, {})) for i, group in enumerate(groups)]


def _with_convergence(groups: Sequence[SeedGroup]) -> list[SeedGroup]:
    knn_m = {
        group.place: group.mae_m
        for group in groups
        if group.cell.network == KNN and group.cell.method != BOUND
    }
    return [
        replace(group, converged=group.mae_m <= _NOT_CONVERGED * knn_m.get(group.place, math.inf))
        for group in groups
    ]


def _paired_errors_m(group: SeedGroup, control: SeedGroup, scan_errors: ScanErrors) -> np.ndarray | None:
    """[n_seeds, n_scans] error of `group` minus that of `control`, for the seeds and scans that both have."""
    rows = []
    for seed in sorted(set(group.rows) & set(control.rows)):
        errors_m = scan_errors(group.rows[seed]["cell"])
        control_errors_m = scan_errors(control.rows[seed]["cell"])
        if errors_m is None or control_errors_m is None:
            continue
        if np.isnan(errors_m).all() or np.isnan(control_errors_m).all():
            continue  # the training diverged
        rows.append(errors_m - control_errors_m)
    if not rows:
        return None
    paired = np.stack(rows)
    answered = ~np.isnan(paired).any(axis=0)
    return paired[:, answered] if answered.any() else None


def _bootstrapped(tables: Sequence[np.ndarray]) -> list[Difference]:
    """Return one difference for each table. Tables of one shape share their draws."""
    n_resamples = max(_RESAMPLES, _RESAMPLES_A_COMPARISON * len(tables))
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for i, table in enumerate(tables):
        by_shape.setdefault(table.shape, []).append(i)
    by_table: dict[int, Difference] = {}
    for members in by_shape.values():
        differences = paired_bootstraps(np.stack([tables[i] for i in members]), n_resamples=n_resamples)
        by_table |= dict(zip(members, differences, strict=True))
    return [by_table[i] for i in range(len(tables))]
