"""How the zoo is made: the pretrained matcher of many sources, and one of each network and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.data.fingerprints import Survey
from tutelage.data.sets.public_sets import public_datasets
from tutelage.data.surveys import load, load_several, shareable_names
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.matcher import MatcherRecipe, PretrainedMatcher, pretrain
from tutelage.methods.teachers.shelf import SUFFIX
from tutelage.networks import network_names, network_spec
from tutelage.paper.expert_training import Teacher, TeachingRecipe, teach, teaching_recipe
from tutelage.training import Budget, RunOptions, clear_checkpoints

__all__ = ["ZOO_NETWORKS", "ZOO_SOURCES", "make_zoo"]

ZOO_NETWORKS = "dnn", "cnnloc", "bayescnn", "baat"
ZOO_SOURCES = "ujiindoorloc", "tampere", "tut6", "dsi1", "uji_library"
_MATCHER = "matcher"


def make_zoo(
    folder: str | Path,
    *,
    networks: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    seed: int = 0,
    device: str = "auto",
    share: float = 0.25,
    matcher_recipe: MatcherRecipe | None = None,
    data_dir: str | Path | None = None,
    progress: bool = False,
) -> list[Path]:
    """Train the teachers that come with Tutelage, from training splits alone.

    A teacher whose file is there already is kept; one that was stopped on the way goes on from its last
    checkpoint. Weights of surrogate teachers are kept in half precision: a few MB for all.

    Parameters
    ----------
    folder : where the files go, NETWORK-SOURCE.teacher and matcher.teacher
    networks : registered networks, and "matcher", which learns in all sources at once; None for this and
        `ZOO_NETWORKS`
    sources : public data sets, None for `ZOO_SOURCES`, and for the matcher all that may be shared
    seed, device : of every training
    share : length of each training of a surrogate teacher, as a share of the default recipe's
    matcher_recipe : of the matcher, None for its default
    data_dir : folder of public data sets, as of `load`
    progress : show progress bars on standard error

    Returns
    -------
    The files.

    Raises
    ------
    UnknownNameError
        If a network or source does not exist.
    BadInputError
        If a licence does not allow to share what is learnt in a source, or a file that is there holds another
        teacher.
    """
    networks = networks or (_MATCHER, *ZOO_NETWORKS)
    _require_allowed(networks, sources or ())
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if _MATCHER in networks:
        file = folder / f"{_MATCHER}{SUFFIX}"
        surveys = load_several(sources or shareable_names(), data_dir=data_dir)
        options = _options(file, seed, device, progress, Budget(), f"{_MATCHER}: ")
        _make_matcher(file, surveys, matcher_recipe or MatcherRecipe.for_pretraining(), options)
        made.append(file)
    surrogate = [network for network in networks if network != _MATCHER]
    for source in (sources or ZOO_SOURCES) if surrogate else ():
        survey = load(source, data_dir=data_dir)
        for network in surrogate:
            file = folder / f"{network}-{source}{SUFFIX}"
            budget = Budget(updates=max(1, round(share * _recipe(network).updates)))
            options = _options(file, seed, device, progress, budget, f"{network} of {source}: ")
            _make(file, survey, network, options)
            made.append(file)
    return made


def _options(file: Path, seed: int, device: str, progress: bool, budget: Budget, label: str) -> RunOptions:
    return RunOptions(
        seed=seed,
        device=device,
        budget=budget,
        checkpoint_dir=file.with_name(f"{file.name}.checkpoint"),
        resume=True,
        progress=progress,
        label=label,
    )


def _require_allowed(networks: Sequence[str], sources: Sequence[str]) -> None:
    for network in networks:
        if network not in (_MATCHER, *network_names()):
            raise UnknownNameError("network", network, (_MATCHER, *network_names()))
    for source in sources:
        if source not in public_datasets():
            raise UnknownNameError("public data set", source, public_datasets())
        if source not in shareable_names():
            raise BadInputError(
                f"{source} states no licence that allows to share what is learnt in it; keep its teacher to "
                f"yourself: tutelage teach --source {source} --network dnn --out FILE"
            )


def _make_matcher(file: Path, surveys: Sequence[Survey], recipe: MatcherRecipe, options: RunOptions) -> None:
    """The pretrained matcher, unless it is there."""
    if file.exists():
        card = PretrainedMatcher.load(file).card
        there = {
            "source": [(source.source, source.data_hash) for source in card.sources],
            "recipe": card.recipe,
            "seed": card.seed,
        }
        asked = {
            "source": [(survey.name, survey.train.content_hash()) for survey in surveys],
            "recipe": recipe,
            "seed": options.seed,
        }
        _require_same(file, asked, there)
        return
    pretrain(surveys, recipe, options, privacy=True).save(file)
    clear_checkpoints(options.checkpoint_dir)


def _make(file: Path, survey: Survey, network: str, options: RunOptions) -> None:
    """One surrogate teacher, unless it is there."""
    if file.exists():
        heard = survey.train[survey.train.n_heard > 0]
        asked = {
            "network": network,
            "data_hash": heard.content_hash(),
            "recipe": _recipe(network).model_dump(),
            "n_steps": options.budget.updates,
            "seed": options.seed,
        }
        _require_same(file, asked, vars(Teacher.load(file).card))
        return
    teacher = teach(survey, network, options=options)
    teacher.save(file, half=True)
    clear_checkpoints(options.checkpoint_dir)


def _require_same(file: Path, asked: Mapping[str, Any], there: Mapping[str, Any]) -> None:
    """Refuse a file that was made otherwise: it would pass for one that was made by this call."""
    other = [name for name, value in asked.items() if there[name] != value]
    if other:
        raise BadInputError(
            f"{file} holds a teacher of another {', '.join(other)}; name another folder, or remove the file"
        )


def _recipe(network: str) -> TeachingRecipe:
    return teaching_recipe("default", {}, network_spec(network))
