"""Write sentences about the figures of a table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from tutelage.experiments.compared_methods import (
    ABLATION,
    HELD_OPTIONS,
    METHODS,
    OPTIONS,
    PIPELINE,
    WITH_MATCHER,
)
from tutelage.experiments.groups import CONTROLS, ControlComparison, SeedGroup

__all__ = ["metres_text", "summary_sentences"]

_TEACHER_CONTROLS = {
    "control": "untrained teachers",
    "shuffled": CONTROLS["shuffled"],
    "own": "own data alone",
}
_TRANSFER_CONTROLS = {"control": "the same from the target itself", "own": "own data alone"}
_FAR_M = 10_000.0
_RECIPES = {"": "", "_paper": " in the `paper` recipe", "_printed": " in the `printed` recipe"}


def summary_sentences(groups: Sequence[SeedGroup]) -> list[str]:
    """Write sentences about the differences, counted over targets, shares, networks and sources.

    Parameters
    ----------
    groups : sequence of SeedGroup
        The groups of a table with their comparisons.

    Returns
    -------
    list of str
        The sentences.
    """
    networks = [group for group in groups if group.cell.network not in WITH_MATCHER]
    return [*_network_sentences(networks), *_source_sentences(networks), *_matcher_sentences(groups)]


def _network_sentences(groups: Sequence[SeedGroup]) -> list[str]:
    questions: list[tuple[str, str, str, str]] = [
        (method, f"Trained teachers in the `{method}` recipe", control, words)
        for method in ("default", "paper", "printed")
        for control, words in _TEACHER_CONTROLS.items()
    ]
    questions += [
        (f"{kind}{suffix}", f"{kind.capitalize()} transfer{recipe}", control, words)
        for kind in ("sequential", "collective")
        for suffix, recipe in _RECIPES.items()
        for control, words in _TRANSFER_CONTROLS.items()
    ]
    questions.append(("none", "A network on its own data alone", "knn", "k-NN"))
    questions += [
        (method, _capitalised(METHODS[method].title), "own", "the default recipe") for method in PIPELINE[1:]
    ]
    questions += [
        (option, f"Trained teachers, {METHODS[option].title}", control, words)
        for option in (*ABLATION, *OPTIONS, *HELD_OPTIONS)
        for control, words in _TEACHER_CONTROLS.items()
    ]
    return _answers(groups, questions)


def _source_sentences(groups: Sequence[SeedGroup]) -> list[str]:
    """Say how far the choice of sources moves the error, beside the spread of seeds."""
    sentences = []
    for method in ("default", "paper", "printed", "sequential", "collective"):
        by_place: dict[tuple[object, ...], list[SeedGroup]] = {}
        for group in groups:
            if group.cell.method == method and not group.n_diverged:
                by_place.setdefault((group.place, group.cell.network), []).append(group)
        subsets = [each for each in by_place.values() if len(each) > 1]
        if not subsets:
            continue
        spans = [max(g.mae_m for g in each) - min(g.mae_m for g in each) for each in subsets]
        spreads = [group.sd_m for each in subsets for group in each if group.sd_m is not None]
        seeds = f"; seeds of one choice spread by {mean(spreads):.2f} m on average" if spreads else ""
        sentences.append(
            f"Which sources take part under `{method}` moves the mean error by {mean(spans):.2f} m on "
            f"average ({min(spans):.2f} to {max(spans):.2f}){seeds}."
        )
    return sentences


def _matcher_sentences(groups: Sequence[SeedGroup]) -> list[str]:
    sentences = []
    for network in WITH_MATCHER:
        what = {
            "none": f"The {network} of the own radio map alone",
            "others": f"The {network} taught by other buildings",
            "both": f"The {network} taught by other buildings and the own radio map",
        }
        controls = {"knn": "k-NN", "control": "an untrained one", "own": "the own radio map alone"}
        questions = [
            (method, words, control, control_words)
            for method, words in what.items()
            for control, control_words in controls.items()
        ]
        sentences += _answers([group for group in groups if group.cell.network == network], questions)
    return sentences


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _answers(groups: Sequence[SeedGroup], questions: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Write a sentence for each question that the groups answer: method, its words, control, its words."""
    sentences = []
    for method, what, control, words in questions:
        comparisons = [
            group.comparisons[control]
            for group in groups
            if group.cell.method == method and control in group.comparisons
        ]
        if comparisons:
            sentences.append(f"{what}, against {words}: {_counts(comparisons)}")
    return sentences


def _counts(comparisons: Sequence[ControlComparison]) -> str:
    """Return the mean and the range of the gains, and how many hold; apart, what did not converge."""
    converged = [each for each in comparisons if each.converged]
    if not converged:
        return f"all {len(comparisons)} comparisons are of networks that did not converge."
    gains = [-each.difference.mean for each in converged]
    better = sum(each.holds and each.difference.mean < 0 for each in converged)
    worse = sum(each.holds and each.difference.mean > 0 for each in converged)
    words = (
        f"{mean(gains):+.2f} m of gain on average ({min(gains):+.2f} to {max(gains):+.2f}); "
        f"of {len(converged)} comparisons {better} significantly better, {worse} significantly worse."
    )
    n_others = len(comparisons) - len(converged)
    if not n_others:
        return words
    with_others = mean(-each.difference.mean for each in comparisons)
    average = metres_text(with_others, "+")
    return f"{words} {n_others} more did not converge; with them the average is {average} m."


def metres_text(value: float, sign: str = "") -> str:
    """Write metres to the centimetre, or the order of magnitude of a divergence.

    Parameters
    ----------
    value : float
        Metres.
    sign : {"", "+"}
        "+" writes the sign of a positive number as well.

    Returns
    -------
    str
        The text.
    """
    return f"{value:{sign}.2f}" if abs(value) < _FAR_M else f"{value:{sign}.0e}"
