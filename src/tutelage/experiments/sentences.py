"""What the figures of a table say, in sentences that are generated from them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from tutelage.experiments.compared_methods import ABLATION, METHODS, OPTIONS, PIPELINE, WITH_MATCHER
from tutelage.experiments.groups import CONTROLS, Against, Group

__all__ = ["sentences_of"]

_OF_TEACHERS = {
    "control": "untrained teachers",
    "shuffled": CONTROLS["shuffled"],
    "own": "own data alone",
}
_OF_TRANSFER = {"control": "the same from the target itself", "own": "own data alone"}


def sentences_of(groups: Sequence[Group]) -> list[str]:
    """What the differences say, counted over targets, shares, networks and sources; which sources did.

    Parameters
    ----------
    groups : of a table, each with its differences from its controls
    """
    networks = [group for group in groups if group.cell.network not in WITH_MATCHER]
    return [*_of_networks(networks), *_of_sources(networks), *_with_matcher(groups)]


def _of_networks(groups: Sequence[Group]) -> list[str]:
    asked: list[tuple[str, str, str, str]] = [
        (method, f"Trained teachers in the `{method}` recipe", control, words)
        for method in ("default", "paper")
        for control, words in _OF_TEACHERS.items()
    ]
    asked += [
        (method, f"{method.capitalize()} transfer", control, words)
        for method in ("sequential", "collective")
        for control, words in _OF_TRANSFER.items()
    ]
    asked.append(("none", "A network on its own data alone", "knn", "k-NN"))
    asked += [
        (method, _capitalised(METHODS[method].title), "own", "the default recipe") for method in PIPELINE[1:]
    ]
    asked += [
        (option, f"Trained teachers, {METHODS[option].title}", control, words)
        for option in (*ABLATION, *OPTIONS)
        for control, words in _OF_TEACHERS.items()
    ]
    return _counted_all(groups, asked)


def _of_sources(groups: Sequence[Group]) -> list[str]:
    """How far the choice of sources moves the error, where there is one; beside the spread of seeds."""
    said = []
    for method in ("default", "paper", "sequential", "collective"):
        by_place: dict[tuple[object, ...], list[Group]] = {}
        for group in groups:
            if group.cell.method == method and not group.n_diverged:
                by_place.setdefault((group.place, group.cell.network), []).append(group)
        subsets = [each for each in by_place.values() if len(each) > 1]
        if not subsets:
            continue
        spans = [max(g.mae_m for g in each) - min(g.mae_m for g in each) for each in subsets]
        spreads = [group.sd_m for each in subsets for group in each if group.sd_m is not None]
        seeds = f"; seeds of one choice spread by {mean(spreads):.2f} m on average" if spreads else ""
        said.append(
            f"Which sources take part under `{method}` moves the mean error by {mean(spans):.2f} m on "
            f"average ({min(spans):.2f} to {max(spans):.2f}){seeds}."
        )
    return said


def _with_matcher(groups: Sequence[Group]) -> list[str]:
    said = []
    for network in WITH_MATCHER:
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
        f"{mean(gains):+.2f} m of gain on average ({min(gains):+.2f} to {max(gains):+.2f}); "
        f"of {len(against)} comparisons {better} significantly better, {worse} significantly worse."
    )
