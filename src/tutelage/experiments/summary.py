"""What the finished cells of a table say: groups of seeds, differences with intervals, sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev

import numpy as np

from tutelage.experiments.buildings import TARGETS, sources_of
from tutelage.experiments.cells import UNTRAINED, Cell
from tutelage.experiments.methods import ABLATION, BOUND, KNN, METHODS, OPTIONS, PIPELINE, WITH_SCORER
from tutelage.experiments.printed import Printed, printed
from tutelage.experiments.storage import Row
from tutelage.experiments.tables import TABLES, Request, Table
from tutelage.statistics import Difference, holm, paired_bootstraps

__all__ = ["CONTROLS", "Against", "Group", "Summary", "summarise"]

ErrorsOf = Callable[[str], np.ndarray | None]

CONTROLS = {"own": "own data alone", "control": "its control", "knn": "k-NN"}
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
    def place(self) -> tuple[str, float]:
        """Target and share of the training data: what can be compared."""
        return self.cell.target, self.cell.train_fraction


@dataclass(frozen=True)
class Summary:
    """A table as its pages show it.

    Parameters
    ----------
    name, table, budget : which
    groups : in the order of the pages
    teachers : rows of the teachers that took part
    errors_of : errors on the test scans by a cell's hash
    missing : targets whose files are not here
    unsourced : targets that are here without their sources: the methods that need them are left out
    sentences : what the figures say, generated from them
    """

    name: str
    table: Table
    budget: str
    groups: tuple[Group, ...]
    teachers: tuple[Row, ...]
    errors_of: ErrorsOf
    missing: tuple[str, ...]
    unsourced: tuple[str, ...]
    sentences: tuple[str, ...]

    @property
    def places(self) -> list[tuple[str, float]]:
        """Targets and shares of the training data, in order."""
        return list(dict.fromkeys(group.place for group in self.groups))

    def at(self, place: tuple[str, float]) -> list[Group]:
        """The groups of a place."""
        return [group for group in self.groups if group.place == place]


def summarise(
    name: str,
    request: Request,
    finished: Iterable[tuple[Cell, Row]],
    teachers: Sequence[Row],
    errors_of: ErrorsOf,
    here: Collection[str],
) -> Summary:
    """Groups of the finished cells, each against its controls.

    Parameters
    ----------
    name, request : of the table
    finished : cells with their figures
    teachers : figures of the teachers
    errors_of : errors [n] on the test scans by a cell's hash, None where they were not kept
    here : buildings whose files are here
    """
    table = TABLES[name]
    groups = _compared(_grouped(table, finished), errors_of)
    wanted = request.targets or tuple(target for target in TARGETS if target in table.plan)
    missing = tuple(target for target in wanted if target not in here)
    asked = [method for method in table.methods if not request.methods or method in request.methods]
    needed = any(METHODS[method].with_sources for method in asked)
    unsourced = tuple(
        target
        for target in wanted
        if needed and target in here and not request.sources and not sources_of(target, here)
    )
    return Summary(
        name,
        table,
        request.budget or table.budget,
        tuple(groups),
        tuple(teachers),
        errors_of,
        missing,
        unsourced,
        tuple(_sentences(groups)),
    )


def _grouped(table: Table, finished: Iterable[tuple[Cell, Row]]) -> list[Group]:
    cells: dict[tuple[object, ...], Cell] = {}
    rows: dict[tuple[object, ...], dict[int, Row]] = {}
    for cell, row in finished:
        key = (cell.target, cell.train_fraction, cell.network, cell.method, cell.sources)
        cells.setdefault(key, cell)
        rows.setdefault(key, {})[cell.seed] = row
    groups = [Group(cell, rows[key], printed(table.printed, cell)) for key, cell in cells.items()]
    # Targets and shares together, as they come; within them networks, methods and sources as they come.
    places = list(dict.fromkeys((group.cell.target, group.cell.train_fraction) for group in groups))
    networks = list(dict.fromkeys(group.cell.network for group in groups))
    order = {network: i for i, network in enumerate(networks)}
    return sorted(groups, key=lambda group: (places.index(group.place), order[group.cell.network]))


# -- differences ----------------------------------------------------------------------------------------


def _controls(group: Group, groups: Sequence[Group]) -> dict[str, Group]:
    """The groups that `group` is compared with, by short name."""
    cell, how = group.cell, group.cell.how
    if cell.network == KNN:
        return {}
    found = {}
    for other in groups:
        if other.place != group.place or other is group:
            continue
        theirs = other.cell
        if theirs.network == KNN and theirs.method != BOUND:
            found["knn"] = other
        if theirs.network != cell.network or theirs.how.recipe != how.recipe:
            continue
        if theirs.how.kind == "alone" and not theirs.how.settings:
            found["own"] = other
        is_control = (how.with_teacher_files and theirs.how.kind == UNTRAINED) or (
            how.transfer and theirs.how.from_target and not how.from_target
        )
        # A scorer has one teacher, however many its sources.
        as_many = cell.network in WITH_SCORER or len(theirs.sources) == len(cell.sources)
        # Under the same settings where there is such a control, else under the recipe's own.
        nearest = "control" not in found or theirs.how.settings == how.settings
        if is_control and as_many and nearest:
            found["control"] = other
    return found


def _compared(groups: list[Group], errors_of: ErrorsOf) -> list[Group]:
    """The groups with their differences from their controls, adjusted over all of them."""
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
    return [
        Group(group.cell, group.rows, group.printed, against.get(i, {})) for i, group in enumerate(groups)
    ]


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


# -- words ----------------------------------------------------------------------------------------------


def _sentences(groups: Sequence[Group]) -> list[str]:
    """What the differences say, counted over targets, shares, networks and sources."""
    asked: list[tuple[str, str, str, str]] = [
        (method, f"Trained teachers in the `{method}` recipe", control, words)
        for method in ("default", "paper")
        for control, words in (("control", "untrained teachers"), ("own", "own data alone"))
    ]
    asked += [
        (method, f"{method.capitalize()} transfer", control, words)
        for method in ("sequential", "collective")
        for control, words in (
            ("control", "the same from the target itself"),
            ("own", "own data alone"),
        )
    ]
    asked.append(("none", "A network on its own data alone", "knn", "k-NN"))
    asked += [
        (method, _capitalised(METHODS[method].title), "own", "the default recipe") for method in PIPELINE[1:]
    ]
    asked += [
        (option, f"Trained teachers, {METHODS[option].title}", control, words)
        for option in (*ABLATION, *OPTIONS)
        for control, words in (("control", "untrained teachers"), ("own", "own data alone"))
    ]
    networks = [group for group in groups if group.cell.network not in WITH_SCORER]
    said = _counted_all(networks, asked)
    for network in WITH_SCORER:
        what = {
            "none": f"The {network} of the own radio map alone",
            "others": f"The {network} taught by other buildings",
            "both": f"The {network} taught by other buildings and the own radio map",
        }
        controls = {"knn": "k-NN", "control": "an untrained one", "own": "the own radio map alone"}
        asked = [(m, words, c, of) for m, words in what.items() for c, of in controls.items()]
        said += _counted_all([group for group in groups if group.cell.network == network], asked)
    return said


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _counted_all(groups: Sequence[Group], asked: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """A sentence for each question (method, its words, control, its words) that the groups answer."""
    said = []
    for method, what, control, words in asked:
        of_method = [group for group in groups if group.cell.method == method]
        against = [group.against[control] for group in of_method if control in group.against]
        if against:
            said.append(f"{what}, against {words}: {_counted(against)}")
    return said


def _counted(against: Sequence[Against]) -> str:
    """Mean and range of the gains, and how many hold."""
    gains = [-each.difference.mean for each in against]
    better = sum(each.holds and each.difference.mean < 0 for each in against)
    worse = sum(each.holds and each.difference.mean > 0 for each in against)
    return (
        f"{np.mean(gains):+.2f} m of gain on average ({min(gains):+.2f} to {max(gains):+.2f}); "
        f"of {len(against)} comparisons {better} significantly better, {worse} significantly worse."
    )
