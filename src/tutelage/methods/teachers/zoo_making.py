"""How the zoo is made: the matcher pretrained on many sources, and a teacher of each network and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tutelage.data.fingerprints import Survey
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.surveys import load, load_several, shareable_names
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.pretrained import PretrainedMatcher, pretrain
from tutelage.methods.teachers.shelf import SUFFIX
from tutelage.networks import network_names, network_spec
from tutelage.paper.expert_training import Teacher, TeachingRecipe, teach, teaching_recipe
from tutelage.training import Budget, RunOptions, clear_checkpoints

__all__ = ["ZOO_NETWORKS", "ZOO_SOURCES", "make_zoo"]

ZOO_NETWORKS = ("dnn", "cnnloc", "bayescnn", "baat")
ZOO_SOURCES = ("ujiindoorloc", "tampere", "tut6", "dsi1", "uji_library")
_MATCHER_FILE = "zoo.matcher"


def make_zoo(
    folder: str | Path,
    *,
    networks: Sequence[str] | None = None,
    matcher: bool | None = None,
    sources: Sequence[str] | None = None,
    share: float = 0.25,
    matcher_settings: Mapping[str, Any] | None = None,
    data_dir: str | Path | None = None,
    run: RunOptions | None = None,
) -> list[Path]:
    """Make the teachers that come with Tutelage, from training splits alone.

    A file that exists already is kept. A training that was stopped goes on from its last checkpoint. Weights
    of surrogate teachers are kept in half precision: a few MB for all.

    Parameters
    ----------
    folder : path
        Where the files go: NETWORK-SOURCE.teacher and zoo.matcher.
    networks : sequence of str, optional
        Registered networks, None for `ZOO_NETWORKS`.
    matcher : bool, optional
        Whether to pretrain the matcher on all sources at once; None: unless networks are named.
    sources : sequence of str, optional
        Public data sets. None takes `ZOO_SOURCES`, and for the matcher all that may be shared.
    share : float
        Length of each training of a surrogate teacher, as a share of the default recipe's.
    matcher_settings : mapping, optional
        Changes to how the matcher is pretrained.
    data_dir : path, optional
        Folder of public data sets.
    run : RunOptions, optional
        Seed, device and progress of every training.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UnknownNameError
        If a network or source does not exist.
    BadInputError
        If a licence does not allow to share what is learnt in a source, or a file that is there holds another
        teacher.
    """
    run = run or RunOptions()
    with_matcher = networks is None if matcher is None else matcher
    networks = ZOO_NETWORKS if networks is None else networks
    _require_allowed(networks, sources or ())
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    if with_matcher:
        file = folder / _MATCHER_FILE
        surveys = load_several(sources or shareable_names(), data_dir=data_dir)
        _make_matcher(file, surveys, matcher_settings, _run_for(file, run, Budget(), "matcher: "))
        paths.append(file)
    for source in (sources or ZOO_SOURCES) if networks else ():
        survey = load(source, data_dir=data_dir)
        for network in networks:
            file = folder / f"{network}-{source}{SUFFIX}"
            budget = Budget(updates=max(1, round(share * _recipe(network).updates)))
            _make_teacher(file, survey, network, _run_for(file, run, budget, f"{network} of {source}: "))
            paths.append(file)
    return paths


def _run_for(file: Path, run: RunOptions, budget: Budget, label: str) -> RunOptions:
    checkpoints = file.with_name(f"{file.name}.checkpoint")
    return replace(run, budget=budget, checkpoint_dir=checkpoints, resume=True, label=label)


def _require_allowed(networks: Sequence[str], sources: Sequence[str]) -> None:
    for network in networks:
        if network not in network_names():
            raise UnknownNameError("network", network, network_names())
    for source in sources:
        if source not in public_datasets():
            raise UnknownNameError("public data set", source, public_datasets())
        if source not in shareable_names():
            raise BadInputError(
                f"{source} states no licence that allows to share what is learnt in it; keep its teacher to "
                f"yourself: tutelage teach {source} --network dnn --out FILE"
            )


def _make_matcher(
    file: Path, surveys: Sequence[Survey], settings: Mapping[str, Any] | None, run: RunOptions
) -> None:
    """Pretrain the matcher, unless its file exists."""
    if file.exists():
        card = PretrainedMatcher.load(file).card
        actual = {
            "source": [(source.source, source.data_hash) for source in card.sources],
            "recipe": card.recipe,
            "seed": card.seed,
        }
        expected = {
            "source": [(survey.name, survey.train.content_hash()) for survey in surveys],
            "recipe": MatcherRecipe.for_pretraining(settings),
            "seed": run.seed,
        }
        _require_same(file, expected, actual)
        return
    pretrain(surveys, settings=settings, privacy=True, run=run).save(file)
    clear_checkpoints(run.checkpoint_dir)


def _make_teacher(file: Path, survey: Survey, network: str, run: RunOptions) -> None:
    """Make one surrogate teacher, unless its file exists."""
    if file.exists():
        usable_scans = survey.train[survey.train.n_heard > 0]
        expected = {
            "network": network,
            "data_hash": usable_scans.content_hash(),
            "recipe": _recipe(network).model_dump(),
            "n_steps": run.budget.updates,
            "seed": run.seed,
        }
        _require_same(file, expected, vars(Teacher.load(file).card))
        return
    teach(survey, network, run=run).save(file, half=True)
    clear_checkpoints(run.checkpoint_dir)


def _require_same(file: Path, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
    """Refuse a file of other settings: it would pass for one that this call made."""
    differences = [name for name, value in expected.items() if actual[name] != value]
    if differences:
        raise BadInputError(
            f"{file} holds a teacher of another {', '.join(differences)}; name another folder, or remove the "
            "file"
        )


def _recipe(network: str) -> TeachingRecipe:
    return teaching_recipe("default", {}, network_spec(network))
