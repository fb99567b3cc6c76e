"""Write research/accuracy.md from the committed results: three sets, small maps, published figures.

    make accuracy        # runs what is not finished, then this

It reads the finished cells of `accuracy`, `table1`, `table4`, `small_maps` and `small_surveys` in results/,
and benchmarks/published.csv.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from benchmarks.result_rows import read_rows
from tutelage.experiments.buildings import TARGETS, TITLES, available_buildings
from tutelage.experiments.cells import Cell
from tutelage.experiments.compared_methods import KNN, WITH_MATCHER
from tutelage.experiments.groups import ControlComparison, SeedGroup
from tutelage.experiments.paper_tables import PAPER_NETWORKS, Request, find_table
from tutelage.experiments.planned_cells import plan_cells
from tutelage.experiments.result_files import Results, Row
from tutelage.experiments.summary import Summary, summarise
from tutelage.experiments.table_grids import (
    KNN_SETTINGS,
    WITHIN_RADIUS,
    Grid,
    coverage_text,
    grid_lines,
)
from tutelage.experiments.table_wording import (
    legend,
    network_title,
    place_title,
)
from tutelage.files.atomic import atomic_file

RESULTS = Path("results")
PAGE = Path("research/accuracy.md")
PUBLISHED = Path(__file__).with_name("published.csv")
ALONE = Request(budget="standard", networks=PAPER_NETWORKS, methods=("none",))
FROM_PAPERS_TABLES = ("none", "untrained", "default", "none_paper", "untrained_paper", "paper")
INTRODUCTION = (
    "Written by `make accuracy` from the finished cells in `results/`; do not edit. Mean 2-D error on the "
    "standard test splits in metres of the data set. ± is the standard deviation over seeds or draws. "
    "Differences are error minus that of k-NN, or of own data alone (negative is better), paired by seed and "
    "scan, with a 95 % interval; bold where the interval excludes 0, Holm's correction over its table "
    "agrees, and so does every seed, of three or more. How the cells are made and what the intervals mean: "
    "[the paper's experiments](reproducing.md). The whole distributions of errors are on the page that "
    "`tutelage reproduce accuracy --finished` writes, results/accuracy.html."
)
CHOICES = (
    "No row chose anything on the test split that it is of, but for the bound, k-NN with the best settings "
    "on the test split itself, which nobody reaches without knowing the truth. What holds for all sets was "
    "chosen before: how a pretrained matcher learns and how sharply it weighs, how long an own map is learnt "
    "and the blend's shares in small surveys on training scans of these three sets and others, held out "
    "([matcher](matcher.md)); other settings of matcher and blend, the share of a fifth in a large survey "
    "among them, on the test splits of DSI1, TUT1, TUT5 and TUT7, of which TUT1 is a survey of the building "
    "of Tampere and TUT6. The look that chose BayesCNN's initial weights included test scans of Tampere. A "
    "matcher's or blend's sources are all public sets of [other buildings](data.md), those of its campus "
    "among them; with random weights a matcher weighs its 48 candidates nearly alike. Differences pair what "
    "both methods have: where they have seeds of another number, those in common, and of several draws the "
    "scans to which all give a position. How many have none is said on the pages in `results/`."
)

LENGTHS = (
    "In parentheses the number of draws. Length `full` is the default recipe's own, `standard` an eighth of "
    "it; on a whole survey what that costs a network stands above, where both have a row."
)


def summarise_table(table: str, request: Request | None = None) -> Summary:
    """Summarise the finished cells of a table. Without a request they are those of its plan."""
    request = request or Request()
    available = available_buildings(None)
    results = Results(RESULTS, table)
    cells = list(plan_cells(find_table(table, request), request, available))
    finished: list[tuple[Cell, Row]] = [(cell, row) for cell in cells if (row := results.row(cell))]
    return summarise(table, request, finished, [], results.errors_m, available)


def surrogate_groups(summary: Summary) -> list[SeedGroup]:
    """Return the networks of a table alone and under surrogate teachers, in both recipes."""
    return [
        group
        for group in summary.groups
        if group.cell.network != KNN and group.cell.method in FROM_PAPERS_TABLES
    ]


def whole_surveys(target: str, accuracy: Summary, table1: Summary) -> list[str]:
    """Write the table of the methods on the whole survey of a building."""
    own = [group for group in accuracy.groups if group.cell.target == target]
    if not own:
        return []
    surrogate = [group for group in surrogate_groups(table1) if group.cell.target == target]
    rows = [_row(group) for group in (*own, *surrogate)]
    head = ["network", "method", "length", "mean error (m)", "seeds", "median", "75 %", "95 %"]
    head += ["against own data alone", "against k-NN", "training (s)", WITHIN_RADIUS]
    return [f"### {TITLES[target]}", grid_lines(Grid(head, rows))]


def _row(group: SeedGroup) -> list[str]:
    cell = group.cell
    method = KNN_SETTINGS[cell.method] if cell.network == KNN else f"`{cell.method}`"
    spread = "" if group.sd_m is None else f" ± {group.sd_m:.2f}"
    return [
        network_title(cell.network),
        method,
        "-" if cell.network == KNN else cell.budget,
        "diverged" if group.n_diverged else f"{group.mae_m:.2f}{spread}",
        str(len(group.rows)),
        *(f"{mean(group.values(name)):.2f}" for name in ("median_m", "p75_m", "p95_m")),
        *(_difference(group.comparisons.get(name)) for name in ("own", "knn")),
        group.seconds_text,
        coverage_text(group),
    ]


def _difference(comparison: ControlComparison | None) -> str:
    if comparison is None:
        return "-"
    difference = comparison.difference
    words = f"{difference.mean:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"
    return f"**{words}**" if comparison.holds else words


def shares_of_map(table: str, surrogate: Sequence[SeedGroup] = ()) -> list[str]:
    """Write the tables of the methods on shares of the map: errors, and the gain from other buildings.

    `surrogate` has the networks under surrogate teachers on some of the same shares.
    """
    summary = summarise_table(table)
    shorter = [*surrogate_groups(summarise_table(table, ALONE)), *surrogate]
    parts = [f"## {summary.table.title}", summary.table.about, LENGTHS]
    for target in dict.fromkeys(group.cell.target for group in summary.groups):
        places = [place for place in summary.places if place[0] == target]
        head = [place_title(place, summary.table).split(", ")[-1] for place in places]
        methods = [*_by_method(summary.groups, places)]
        rows = [
            [*sizes.first_columns(), *map(_error, sizes.groups)]
            for sizes in (*methods, *_by_method(shorter, places))
        ]
        parts += [f"### {TITLES[target]}", grid_lines(Grid(["network", "method", "length", *head], rows))]
        gains = [
            [network_title(sizes.network), f"`{sizes.method}` against {words}", *sizes.differences(control)]
            for sizes in methods
            if sizes.network in WITH_MATCHER and sizes.method in ("others", "both")
            for control, words in (("own", "own data alone"), ("knn", "k-NN"))
        ]
        if gains:
            parts.append(grid_lines(Grid(["network", "difference", *head], gains)))
    return parts if summary.groups else []


class MethodSizes(NamedTuple):
    """A method on maps of several sizes."""

    network: str
    method: str
    budget: str
    groups: list[SeedGroup | None]

    def first_columns(self) -> list[str]:
        """Return its first three columns."""
        if self.network == KNN:
            return [network_title(KNN), KNN_SETTINGS[self.method], "-"]
        return [network_title(self.network), f"`{self.method}`", self.budget]

    def differences(self, control: str) -> list[str]:
        """Return its difference from a control on each of the maps."""
        return [_difference(group.comparisons.get(control) if group else None) for group in self.groups]


def _by_method(groups: Sequence[SeedGroup], places: Sequence[tuple[str, float]]) -> Iterable[MethodSizes]:
    """Yield the methods of these groups at these places."""
    groups_by_key = {(_method(group), group.place): group for group in groups if group.place in places}
    for method in dict.fromkeys(method for method, _ in groups_by_key):
        yield MethodSizes(*method, [groups_by_key.get((method, place)) for place in places])


def _method(group: SeedGroup) -> tuple[str, str, str]:
    return group.cell.network, group.cell.method, group.cell.budget


def _error(group: SeedGroup | None) -> str:
    if group is None:
        return "-"
    errors = group.values("mae_m")
    spread = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
    return f"{mean(errors):.2f}{spread} ({len(errors)})"


def published_figures() -> list[str]:
    """Write the table of the figures of others, each with its protocol."""
    rows = [[TITLES[row.pop("target")], *row.values()] for row in read_rows(PUBLISHED)]
    return [
        "## Published figures",
        "As their authors give them. The protocols differ: only those on a data set's own split can be laid "
        "beside ours. The paper's own figures stand in [Table 1](../results/table1.md).",
        grid_lines(Grid(["data set", "method", "figure", "protocol", "source"], rows)),
    ]


def page_text() -> str:
    """Write the text of research/accuracy.md."""
    accuracy = summarise_table("accuracy")
    table1 = summarise_table("table1")
    parts = ["# Accuracy", INTRODUCTION, CHOICES, "## Whole surveys"]
    parts += [line for target in TARGETS for line in whole_surveys(target, accuracy, table1)]
    methods = [
        f"- `{name}`: {title}"
        for name, title in legend([*accuracy.groups, *surrogate_groups(table1)]).items()
    ]
    parts += ["\n".join(methods)]
    parts += shares_of_map("small_maps", surrogate_groups(summarise_table("table4")))
    parts += shares_of_map("small_surveys")
    parts += published_figures()
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write research/accuracy.md."""
    with atomic_file(PAGE) as beside:
        beside.write_text(page_text(), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
