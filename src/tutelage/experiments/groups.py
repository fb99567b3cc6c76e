"""The seeds of one configuration as a group, and each group against its controls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, stdev

import numpy as np

from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.compared_methods import BOUND, KNN, WITH_MATCHER
from tutelage.experiments.printed import Printed
from tutelage.experiments.result_files import Row
from tutelage.statistics import Difference, holm, paired_bootstraps

__all__ = ["CONTROLS", "Against", "ErrorsOf", "Group", "compared"]

ErrorsOf = Callable[[str], np.ndarray | None]

CONTROLS = {
    "own": "own data alone",
    "control": "its control",
    "shuffled": "teachers of permuted locations",
    "knn": "k-NN",
}
"""What a group is compared with, where there is such a group. The control of teachers is as many untrained
ones; that of a transfer is the same from the target itself: as many updates, through the same encoders."""
_LEVEL = 0.05
_RESAMPLES = 10_000
# The smallest p-value is 2 / resamples; Holm multiplies it by the number of comparisons, and must be able to
# end below the level.
_RESAMPLES_A_COMPARISON = 80
_FEWEST_SEEDS = 3  # with fewer, nothing can be said of another training


@dataclass(frozen=True)
class Against:
    """A group against a control.

    Parameters
    ----------
    difference : its error minus the control's
    p_holm : adjusted for all comparisons of the table
    holds : the interval excludes 0, the adjusted p is below 0.05, and all seeds, three or more, agree
    """

    difference: Difference
    p_holm: float
    holds: bool


@dataclass(frozen=True)
class Group:
    """The seeds of one configuration.

    Parameters
    ----------
    cell : its first seed's
    rows : figures by seed
    against : by the control's short name
    printed : what the paper prints
    """

    cell: Cell
    rows: Mapping[int, Row]
    printed: Printed | None
    against: Mapping[str, Against] = field(default_factory=dict)

    def values(self, column: str) -> list[float]:
        """A figure of every seed, in their order."""
        return [float(self.rows[seed][column]) for seed in sorted(self.rows)]

    @property
    def seconds_told(self) -> str:
        """Mean seconds of training, of each device by itself; a processor goes without saying."""
        of_device: dict[str, list[float]] = {}
        for seed in sorted(self.rows):
            row = self.rows[seed]
            of_device.setdefault(row["device"] or "cpu", []).append(float(row["train_seconds"]))
        told = {device: f"{mean(seconds):.0f}" for device, seconds in of_device.items()}
        return ", ".join(told[name] if name == "cpu" else f"{told[name]} ({name})" for name in told)

    @property
    def mae_m(self) -> float:
        """Mean over seeds of the mean error."""
        return mean(self.values("mae_m"))

    @property
    def sd_m(self) -> float | None:
        """Its standard deviation over seeds, of several."""
        errors = self.values("mae_m")
        return stdev(errors) if len(errors) > 1 and not self.n_diverged else None

    @property
    def n_diverged(self) -> int:
        """Seeds whose training diverged; their errors are infinite."""
        return sum(map(math.isinf, self.values("mae_m")))

    @property
    def coverage(self) -> float | None:
        """Share of the test scans within their 95 % radius, mean over the seeds that learnt radii."""
        known = [float(row["coverage"]) for row in self.rows.values() if row["coverage"]]
        return mean(known) if known else None

    @property
    def place(self) -> tuple[str, float]:
        """Target and share of the training data: what can be compared."""
        return self.cell.target, self.cell.train_fraction


def _controls(group: Group, groups: Sequence[Group]) -> dict[str, Group]:
    """The groups that `group` is compared with, by short name."""
    if group.cell.network == KNN:
        return {}
    found: dict[str, Group] = {}
    for other in groups:
        if other.place != group.place or other is group:
            continue
        for name in _roles(other.cell, group.cell):
            # Under the same settings where there is such a control, else under the recipe's own.
            if name not in found or other.cell.how.settings == group.cell.how.settings:
                found[name] = other
    return found


def _roles(theirs: Cell, cell: Cell) -> Iterator[str]:
    """What `theirs` is to `cell`: names among `CONTROLS`."""
    their, how = theirs.how, cell.how
    if theirs.network == KNN:
        if theirs.method != BOUND:
            yield "knn"
        return
    if theirs.network != cell.network or their.recipe != how.recipe:
        return
    if their.kind == "alone" and not their.settings:
        yield "own"
    # A matcher has one teacher, however many its sources.
    if cell.network in WITH_MATCHER or len(theirs.sources) == len(cell.sources):
        of_teachers = how.with_teacher_files and their.kind == UNTRAINED
        of_transfer = how.transfer and their.from_target and not how.from_target
        if of_teachers or of_transfer:
            yield "control"
    if how.kind == "trained" and their.kind == "shuffled" and theirs.sources == cell.sources:
        yield "shuffled"


def compared(groups: Sequence[Group], errors_of: ErrorsOf) -> list[Group]:
    """The groups with their differences from their controls, adjusted over all of them.

    Parameters
    ----------
    groups : of one table
    errors_of : errors [n] on the test scans by a cell's hash, None where they were not kept
    """
    pairs = [
        (i, name, _paired_errors_m(group, control, errors_of))
        for i, group in enumerate(groups)
        for name, control in _controls(group, groups).items()
    ]
    known = [(i, name, table) for i, name, table in pairs if table is not None]
    differences = _bootstrapped([table for *_, table in known])
    adjusted = holm([difference.p for difference in differences])
    against: dict[int, dict[str, Against]] = {}
    for (i, name, table), difference, p_holm in zip(known, differences, adjusted, strict=True):
        agree = len(table) >= _FEWEST_SEEDS and len(set(np.sign(table.mean(axis=1)))) == 1
        excludes = difference.low > 0 or difference.high < 0
        holds = bool(agree and excludes and p_holm < _LEVEL)
        against.setdefault(i, {})[name] = Against(difference, float(p_holm), holds)
    return [replace(group, against=against.get(i, {})) for i, group in enumerate(groups)]


def _paired_errors_m(group: Group, control: Group, errors_of: ErrorsOf) -> np.ndarray | None:
    """[n_seeds, n_scans] error of `group` minus that of `control`, of the seeds and scans that both have."""
    rows = []
    for seed in sorted(set(group.rows) & set(control.rows)):
        ours, theirs = (errors_of(each.rows[seed]["cell"]) for each in (group, control))
        if ours is None or theirs is None or np.isnan(ours).all() or np.isnan(theirs).all():
            continue  # not kept, or diverged
        rows.append(ours - theirs)
    if not rows:
        return None
    table = np.stack(rows)
    answered = ~np.isnan(table).any(axis=0)
    return table[:, answered] if answered.any() else None


def _bootstrapped(tables: Sequence[np.ndarray]) -> list[Difference]:
    """One difference a table; tables of one shape share their draws."""
    n_resamples = max(_RESAMPLES, _RESAMPLES_A_COMPARISON * len(tables))
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for i, table in enumerate(tables):
        by_shape.setdefault(table.shape, []).append(i)
    found: dict[int, Difference] = {}
    for members in by_shape.values():
        differences = paired_bootstraps(np.stack([tables[i] for i in members]), n_resamples=n_resamples)
        found |= dict(zip(members, differences, strict=True))
    return [found[i] for i in range(len(tables))]
