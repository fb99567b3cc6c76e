"""Tables of mean errors of methods, from the cells of `tutelage reproduce`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import mean, stdev

from benchmarks.documented.page_blocks import Row, table_lines
from benchmarks.documented.titles import (
    BUILDINGS,
    FRAMEWORK,
    KNN_TITLE,
    MATCHERS,
    NETWORKS,
    PIPELINE,
    SMALL_MATCHERS,
    TRANSFER,
)
from benchmarks.result_rows import read_rows

__all__ = [
    "framework_table",
    "front_table",
    "knn_and_network_table",
    "learning_seconds_lines",
    "matcher_overview",
    "network_pipeline_table",
    "pipeline_table",
    "points_line",
    "scans_line",
    "small_map_overview",
    "small_map_table",
    "small_survey_table",
    "transfer_table",
    "whole_survey_table",
]

PAPER_FIGURES = Path(__file__).parents[2] / "src/tutelage/experiments/paper_figures.csv"
WHOLE = "1"
SHARES = {"ujiindoorloc": ("0.01", "0.03", "0.1", "0.3"), "tampere": ("0.1", "0.3")}
SHARES["tut6"] = SHARES["ujiindoorloc"]
PAPER = "the paper's best"


def errors_m(
    rows: Sequence[Row],
    target: str,
    network: str,
    method: str,
    share: str = WHOLE,
    n_draws: int | None = None,
) -> list[float]:
    """Return the mean error of each seed, in metres.

    Parameters
    ----------
    rows : sequence of mapping
        Cells of a table of experiments, all of one length.
    target, network, method : str
        As the columns of the same names.
    share : str
        Of the training data.
    n_draws : int, optional
        Only the first seeds.

    Returns
    -------
    list of float
        In the order of the rows.
    """
    key = (target, network, method, share)
    return [
        float(row["mae_m"])
        for row in rows
        if (row["target"], row["network"], row["method"], row["train_fraction"]) == key
        and (n_draws is None or int(row["seed"]) < n_draws)
    ]


def spread(errors: Sequence[float]) -> str:
    """Return mean and standard deviation over seeds; a dash for no seed."""
    if not errors:
        return "-"
    deviation = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
    return f"{mean(errors):.2f}{deviation}"


# -- whole surveys ---------------------------------------------------------------------------------------


def whole_survey_table(rows: Sequence[Row]) -> list[str]:
    """Return k-NN, matcher and blend on three whole surveys."""
    targets = ("ujiindoorloc", "tampere", "tut6")
    lines = []
    for key, title in MATCHERS.items():
        errors = [errors_m(rows, target, *key) for target in targets]
        lines.append([title, *map(spread, errors), _counts(errors)])
    lines.append([PAPER, *(_paper_best("table1", target) for target in targets), "-"])
    return table_lines(["mean error (m)", *_titles(targets), "seeds"], lines)


def front_table(rows: Sequence[Row]) -> list[str]:
    """Return what a newcomer compares: k-NN, matchers, the blend, the paper's best."""
    targets = ("ujiindoorloc", "tampere", "tut6")
    shown = {
        "k-NN, settings chosen on your survey": ("knn", "none"),
        "matcher from other buildings alone": ("matcher", "others"),
        "matcher fine-tuned on your survey": ("matcher", "both"),
        "blend: this matcher and a network": ("blend", "both"),
    }
    lines = [
        [title, *(spread(errors_m(rows, target, *key)) for target in targets)] for title, key in shown.items()
    ]
    lines.append([PAPER, *(_paper_best("table1", target) for target in targets)])
    return table_lines(["mean error (m)", *_titles(targets)], lines)


def matcher_overview(rows: Sequence[Row]) -> list[str]:
    """Return k-NN, the matcher with each way of learning, and the blend on three whole surveys."""
    targets = ("ujiindoorloc", "tampere", "tut6")
    shown = [("knn", "none"), *(("matcher", method) for method in ("others", "none", "both"))]
    lines = [
        [MATCHERS[key], *(spread(errors_m(rows, target, *key)) for target in targets)]
        for key in (*shown, ("blend", "both"))
    ]
    return table_lines(["mean error (m), five seeds", *_titles(targets)], lines)


def learning_seconds_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return the seconds that fine-tuned matcher and blend with a network took to learn whole surveys."""
    titles = {
        "matcher": "The fine-tuned matcher, without radii",
        "blend": "The blend of it and a network, with radii",
    }
    for network, title in titles.items():
        own = [row for row in rows if (row["network"], row["method"]) == (network, "both")]
        seconds = [float(row["train_seconds"]) for row in own]
        yield f"- {title}: {min(seconds):.0f} to {max(seconds):.0f} seconds."


def knn_and_network_table(rows: Sequence[Row]) -> list[str]:
    """Return the networks without teachers at full length, beside k-NN and the paper's figures."""
    targets = ("ujiindoorloc", "tampere", "tut6")
    lines = [
        [title, *(spread(errors_m(rows, target, network, "none")) for target in targets)]
        for network, title in {"knn": KNN_TITLE, **NETWORKS}.items()
    ]
    for network, title in NETWORKS.items():
        cells = [_paper_figure("table1", target, network, "none") for target in targets]
        lines.append([f"the paper's {title}", *cells])
    return table_lines(["without teachers (m)", *_titles(targets)], lines)


def transfer_table(rows: Sequence[Row]) -> list[str]:
    """Return the DNN of Table 1: alone, under teachers, after transfer."""
    targets = ("tampere", "tut6", "dsi1")
    short = [row for row in rows if row["budget"] != "paper"]  # the verdict shows the paper's length
    lines = [
        [title, *(spread(errors_m(short, target, *key)) for target in targets)]
        for key, title in TRANSFER.items()
    ]
    return table_lines(["DNN, mean error (m)", *_titles(targets)], lines)


# -- small surveys ---------------------------------------------------------------------------------------


def small_map_overview(rows: Sequence[Row]) -> list[str]:
    """Return matcher and blend on the smallest map of each building, first five draws."""
    places = [("ujiindoorloc", "0.01"), ("tampere", "0.1"), ("tut6", "0.01")]
    full = _of_full_length(rows)
    lines = [
        [title, *(_small_error(full, key, place, 5) for place in places)]
        for key, title in SMALL_MATCHERS.items()
        if key != ("matcher", "untrained")
    ]
    lines.append([PAPER, *(_paper_best("table4", *place) for place in places)])
    titles = [f"{BUILDINGS[target]}, {_percent(share)} of the scans" for target, share in places]
    return table_lines(["mean error (m)", *titles], lines)


def small_map_table(rows: Sequence[Row]) -> list[str]:
    """Return matcher and blend on ten small maps; ten draws where there are ten, and the first five."""
    places = [(target, share) for target, shares in SHARES.items() for share in shares]
    full = _of_full_length(rows)
    lines = []
    for n_draws in (10, 5):
        for key, title in SMALL_MATCHERS.items():
            counts = {len(errors_m(full, target, *key, share, n_draws)) for target, share in places}
            is_wanted = counts == {n_draws} and (n_draws == 10 or key != ("matcher", "untrained"))
            if is_wanted:
                cells = [_small_error(full, key, place, n_draws) for place in places]
                lines.append([title, str(n_draws), *cells])
    lines.append([PAPER, "-", *(_paper_best("table4", *place) for place in places)])
    titles = [f"{BUILDINGS[target]} {_percent(share)}" for target, share in places]
    return table_lines(["share of the training scans", "draws", *titles], lines)


def small_survey_table(rows: Sequence[Row]) -> list[str]:
    """Return matcher and blend on parts of UJIIndoorLoc's reference points."""
    places = [("ujiindoorloc", share) for share in SHARES["ujiindoorloc"]]
    full = _of_full_length(rows)
    lines = [
        [title, *(_small_error(full, key, place, 5) for place in places)]
        for key, title in SMALL_MATCHERS.items()
    ]
    return table_lines(
        ["share of UJIIndoorLoc's reference points", *(_percent(share) for _, share in places)], lines
    )


def scans_line(rows: Sequence[Row]) -> Iterable[str]:
    """Return what k-NN reaches with a tenth of UJIIndoorLoc's scans."""
    yield f"- a tenth of the scans, from all points: {_tenth(rows)}"


def points_line(rows: Sequence[Row]) -> Iterable[str]:
    """Return what k-NN reaches with a tenth of UJIIndoorLoc's points."""
    yield f"- a tenth of the points, with all their scans: {_tenth(rows)}"


def _tenth(rows: Sequence[Row]) -> str:
    errors = errors_m(_of_full_length(rows), "ujiindoorloc", "knn", "none", "0.1")
    return f"{mean(errors):.2f} m, the mean of {len(errors)} draws"


def _of_full_length(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["budget"] == "full"]


def _small_error(rows: Sequence[Row], key: tuple[str, str], place: tuple[str, str], n_draws: int) -> str:
    target, share = place
    errors = errors_m(rows, target, *key, share, n_draws)
    if len(errors) != n_draws:
        raise ValueError(f"{key} has {len(errors)} of {n_draws} draws on {place}")
    return f"{mean(errors):.2f}"


# -- options ---------------------------------------------------------------------------------------------


def pipeline_table(rows: Sequence[Row]) -> list[str]:
    """Return the DNN with each part of the input pipeline left out or added."""
    targets = ("ujiindoorloc", "tampere", "tut6", "dsi1")
    knn = ["k-NN", *(spread(errors_m(rows, target, "knn", "none")) for target in targets)]
    lines = _pipeline_lines(rows, [(target, "dnn") for target in targets])
    return table_lines(["DNN", *_titles(targets)], [knn, *lines])


def network_pipeline_table(rows: Sequence[Row]) -> list[str]:
    """Return the other networks with each part of the input pipeline left out or added."""
    columns = [("tampere", network) for network in ("cnnloc", "bayescnn", "baat")]
    columns += [(target, network) for target in ("tut6", "dsi1") for network in ("cnnloc", "bayescnn")]
    titles = [f"{NETWORKS[network]}, {BUILDINGS[target]}" for target, network in columns]
    return table_lines(["mean error (m)", *titles], _pipeline_lines(rows, columns))


def _pipeline_lines(rows: Sequence[Row], columns: Sequence[tuple[str, str]]) -> Iterable[list[str]]:
    for method, title in PIPELINE.items():
        cells = [spread(errors_m(rows, *column, method)) for column in columns]
        yield [f"{title} (`{method}`)", *cells]


def framework_table(rows: Sequence[Row]) -> list[str]:
    """Return each option of the surrogate teachers, with both of its controls."""
    lines = []
    for option, title in FRAMEWORK.items():
        before = "" if option == "default" else f"{option}_"
        methods = (option, f"{before}untrained", f"{before}shuffled")
        cells = [spread(errors_m(rows, "tampere", "dnn", method)) for method in methods]
        lines.append([f"{title} (`{option}`)", *cells])
    alone = spread(errors_m(rows, "tampere", "dnn", "none"))
    lines.append(["own data alone (`none`)", alone, "-", "-"])
    head = ["option", "trained teachers", "untrained (control)", "of permuted locations (control)"]
    return table_lines(head, lines)


# -- the paper -------------------------------------------------------------------------------------------


@cache
def _paper_rows() -> tuple[Mapping[str, str], ...]:
    return tuple(read_rows(PAPER_FIGURES))


def _paper_best(table: str, target: str, share: str = WHOLE) -> str:
    key = (table, target, share)
    errors = [
        float(row["mae_m"])
        for row in _paper_rows()
        if (row["table"], row["target"], row["train_fraction"]) == key
    ]
    return f"{min(errors):.2f}" if errors else "-"


def _paper_figure(table: str, target: str, network: str, method: str) -> str:
    key = (table, target, network, method)
    errors = [
        float(row["mae_m"])
        for row in _paper_rows()
        if (row["table"], row["target"], row["network"], row["method"]) == key
    ]
    return f"{errors[0]:.2f}" if errors else "-"


def _titles(targets: Iterable[str]) -> list[str]:
    return [BUILDINGS[target] for target in targets]


def _percent(share: str) -> str:
    return f"{100 * float(share):g} %"


def _counts(errors: Sequence[Sequence[float]]) -> str:
    return " / ".join(dict.fromkeys(str(len(each)) for each in errors))
