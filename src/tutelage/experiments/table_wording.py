"""Write the words and rows of a table's pages, the same in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tutelage.experiments.budgets import BUDGETS
from tutelage.experiments.buildings import OTHER_SOURCES, PAPER_SOURCES, TITLES
from tutelage.experiments.cells import pretraining_recipe
from tutelage.experiments.compared_methods import BOUND, KNN, WITH_MATCHER
from tutelage.experiments.groups import SeedGroup
from tutelage.experiments.paper_tables import Request, Table
from tutelage.experiments.summary import Summary

__all__ = [
    "TEACHERS",
    "UNFINISHED",
    "command_line",
    "group_label",
    "legend",
    "missing_line",
    "network_title",
    "place_title",
    "provenance",
    "sources_line",
    "unanswered_line",
]

_NETWORKS = {
    KNN: "k-NN",
    "dnn": "DNN",
    "cnnloc": "CNNLoc",
    "bayescnn": "BayesCNN",
    "baat": "bAaT",
}
TEACHERS = (
    "Measured on reference points held out of the source's training data, in metres of its data set, mean "
    "over seeds. A collapsed generator has a spread near 0 and the error of the centroid."
)
UNFINISHED = (
    "Each building and kind of learning with the cells that are left. Hours are of one thread, by the "
    "finished cells of the kind. The same command goes on with them."
)


def network_title(network: str) -> str:
    """Return the name of a network as papers write it.

    Parameters
    ----------
    network : str
        Name in results.

    Returns
    -------
    str
        The text.
    """
    return _NETWORKS.get(network, network)


def place_title(place: tuple[str, float], table: Table) -> str:
    """Name a target and the share of its training data.

    Parameters
    ----------
    place : tuple of str and float
        Target and share of the training data.
    table : Table
        The table.

    Returns
    -------
    str
        The text.
    """
    target, fraction = place
    drawn = "reference points" if table.whole_points else "training scans"
    share = "" if fraction == 1 else f", {fraction:.0%} of the {drawn}"
    return f"{TITLES.get(target, target)}{share}"


def group_label(group: SeedGroup, *, with_sources: bool) -> str:
    """Return the name of a group in a plot.

    Parameters
    ----------
    group : SeedGroup
        The seeds of one configuration.
    with_sources : bool
        Whether the name lists the sources.

    Returns
    -------
    str
        The text.
    """
    cell = group.cell
    if cell.network == KNN:
        return network_title(KNN) + (", best on test" if cell.method == BOUND else "")
    sources = f" from {_names(cell.sources)}" if with_sources and cell.learning_method.with_sources else ""
    return f"{network_title(cell.network)} {cell.method}{sources}"


def command_line(table: str, request: Request) -> str:
    """Return the command that makes a page, without the options on where and how fast it runs.

    Parameters
    ----------
    table : str
        Name of the table.
    request : Request
        The requested part of it.

    Returns
    -------
    str
        The text.
    """
    options = " ".join(f"--{name} {value}" for name, value in request.options().items())
    return f"tutelage reproduce {table} {options}".strip()


def provenance(summary: Summary) -> str:
    """Describe the command, the budget, and how to read the figures.

    Parameters
    ----------
    summary : Summary
        The table.

    Returns
    -------
    str
        The text.
    """
    budget = BUDGETS[summary.budget]
    networks = dict.fromkeys(group.cell.network for group in summary.groups if group.cell.network != KNN)
    lengths = [f"{network_title(name)} {n:,}" for name in networks if (n := budget.updates(name))]
    at_most = ""
    labels = ""
    if {*networks} & {*WITH_MATCHER}:
        labels = " (a matcher tells storeys apart by the labels of floors and buildings)"
        lengths.append(f"a pretrained matcher {pretraining_recipe(summary.budget).updates:,}")
        at_most = ", of matcher and blend at most"
    length = f" ({', '.join(lengths)} updates a stage{at_most})" if lengths else ""
    where, opened = (
        (
            "on a fifth of the training reference points, held out,",
            "The test splits stay closed; the held-out points are the same for every cell.",
        )
        if summary.table.held_out
        else (
            "on the standard test split",
            "Each test split was opened once a cell, and no cell chose anything on it"
            + (", but for the bound of k-NN." if summary.table.bound else "."),
        )
    )
    return (
        f"Made by `{command_line(summary.name, summary.request)}`, budget {summary.budget}: "
        f"{budget.words}{length}, positions alone{labels}. Mean 2-D error {where} in metres of the data set; "
        f"± is the standard deviation over seeds. {opened} "
        "The control of trained teachers is as many untrained ones; that of a transfer is the same from the "
        "target itself in the place of its sources. "
        "Differences are error minus the control's (negative is better), paired by seed and scan, with a 95 "
        "% interval from at least 10,000 resamples of scans and seeds; bold where the interval excludes 0, "
        "Holm's correction over the table agrees (0.05), and so does every seed, of three or more. With few "
        "seeds such an interval is too narrow. A row with over three times the error of k-NN beside it did "
        "not converge; averages leave it out, and say what they are with it. Updates of a stage are given as "
        "a share of the paper's (`of its length`)."
    )


def sources_line(summary: Summary, place: tuple[str, float]) -> str:
    """Say which buildings take part beside the target, and which the paper has.

    Parameters
    ----------
    summary : Summary
        The table.
    place : tuple of str and float
        Target and share of the training data.

    Returns
    -------
    str
        The text; "" for none.
    """
    groups = summary.at(place)
    target, _ = place
    if target in summary.unsourced:
        source_names = " and ".join(
            f"`{name}`" for name in OTHER_SOURCES.get(target, PAPER_SOURCES.get(target, ()))
        )
        return (
            f"The files of its sources {source_names} are not all here: "
            "the methods that need them are left out."
        )
    with_sources = [group for group in groups if group.cell.learning_method.with_sources]
    our_sources = dict.fromkeys(source for group in with_sources for source in group.cell.sources)
    if not our_sources:
        return ""
    paper_sources = PAPER_SOURCES.get(target, ())
    differ = paper_sources and set(paper_sources) != set(our_sources)
    other = f" The paper's are {_names(paper_sources)}" if differ else ""
    if differ and any(group.paper_figure for group in with_sources):
        other += "; its figures stand beside ours all the same"
    return f"Sources: {_names(our_sources)}.{other}{'.' if other else ''}"


def unanswered_line(summary: Summary, place: tuple[str, float]) -> str:
    """Say which scans and which cells take no part in the figures of a place.

    Which scans have no position depends on the training scans. For several draws the text has the largest
    number.

    Parameters
    ----------
    summary : Summary
        The table.
    place : tuple of str and float
        Target and share of the training data.

    Returns
    -------
    str
        The text; "" where all take part.
    """
    errors = [summary.scan_errors(row["cell"]) for group in summary.at(place) for row in group.rows.values()]
    stored = [each for each in errors if each is not None]
    silent = [(int(np.isnan(each).sum()), len(each)) for each in stored if not np.isnan(each).all()]
    most, n_scans = max(silent, default=(0, 0))
    sentences = []
    if most:
        sentences.append(
            f"{most:,} of {n_scans:,} test scans hear no access point that the training scans know (of "
            "several draws the most): they have no position, and take no part in the errors. A difference is "
            "of the scans that have one in all of its draws."
        )
    if lost := len(errors) - len(stored):
        sentences.append(
            f"Of {lost} cells the errors of single scans were not kept: no difference is of them."
        )
    return " ".join(sentences)


def missing_line(target: str) -> str:
    """Say that the files of a building are missing.

    Parameters
    ----------
    target : str
        Name of the building.

    Returns
    -------
    str
        The text.
    """
    return (
        f"Not here: the files of `{target}` were not found, so this part is empty. "
        f"`tutelage data fetch {target}` says what is needed."
    )


def legend(groups: Sequence[SeedGroup]) -> dict[str, str]:
    """Return the methods in use with their titles.

    Parameters
    ----------
    groups : sequence of SeedGroup
        The groups of a table.

    Returns
    -------
    dict of str to str
        Title by name.
    """
    titles = {}
    for cell in (group.cell for group in groups if group.cell.network != KNN):
        name = f"{cell.method} (matcher, blend)" if cell.network in WITH_MATCHER else cell.method
        titles[name] = cell.learning_method.title
    return titles


def _names(buildings: Iterable[str]) -> str:
    *first, last = (TITLES.get(name, name.upper()) for name in buildings)
    return f"{', '.join(first)} and {last}" if first else last
