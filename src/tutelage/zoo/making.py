"""How the zoo is made: one teacher a network and source, from the source's training split alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tutelage.datasets import load, shareable_names
from tutelage.datasets.registry import public_datasets
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.fingerprints import Survey
from tutelage.networks import network_names, network_spec
from tutelage.teaching import Teacher, TeachingRecipe, teach, teaching_recipe
from tutelage.training import Budget, RunOptions, clear_checkpoints
from tutelage.zoo.shelf import SUFFIX

__all__ = ["ZOO_NETWORKS", "ZOO_SOURCES", "make_zoo"]

ZOO_NETWORKS = "dnn", "cnnloc", "bayescnn", "baat"
ZOO_SOURCES = "ujiindoorloc", "tampere", "tut6", "dsi1", "uji_library"


def make_zoo(
    folder: str | Path,
    *,
    networks: Sequence[str] = ZOO_NETWORKS,
    sources: Sequence[str] = ZOO_SOURCES,
    seed: int = 0,
    device: str = "auto",
    share: float = 0.25,
    data_dir: str | Path | None = None,
    progress: bool = False,
) -> list[Path]:
    """Train the teachers that come with Tutelage.

    A teacher whose file is there already is kept; one that was stopped on the way goes on from its last
    checkpoint. Weights are kept in half precision: a few MB for all.

    Parameters
    ----------
    folder : where the files NETWORK-SOURCE.teacher go
    networks : registered networks
    sources : public data sets
    seed, device : of every training
    share : length of each training, as a share of the default recipe's
    data_dir : folder of public data sets, as of `load`
    progress : show progress bars on standard error

    Returns
    -------
    The files, one a network and source.

    Raises
    ------
    UnknownNameError
        If a network or source does not exist.
    BadInputError
        If a licence does not allow to share what is learnt in a source, or a file that is there holds another
        teacher.
    """
    _require_allowed(networks, sources)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for source in sources:
        survey = load(source, data_dir=data_dir)
        for network in networks:
            file = folder / f"{network}-{source}{SUFFIX}"
            options = RunOptions(
                seed=seed,
                device=device,
                budget=Budget(updates=max(1, round(share * _recipe(network).updates))),
                checkpoint_dir=folder / f"{file.name}.checkpoint",
                resume=True,
                progress=progress,
                label=f"{network} of {source}: ",
            )
            _make(file, survey, network, options)
            made.append(file)
    return made


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
                f"yourself: tutelage teach --source {source} --network dnn --out FILE"
            )


def _make(file: Path, survey: Survey, network: str, options: RunOptions) -> None:
    """One teacher, unless it is there."""
    if file.exists():
        _require_same(file, survey, network, options)
        return
    teacher = teach(survey, network, options=options)
    teacher.save(file, half=True)
    clear_checkpoints(options.checkpoint_dir)


def _require_same(file: Path, survey: Survey, network: str, options: RunOptions) -> None:
    """Refuse a file that was made otherwise: it would pass for one that was made by this call."""
    card = Teacher.load(file).card
    heard = survey.train[survey.train.n_heard > 0]
    asked = {
        "network": network,
        "data_hash": heard.content_hash(),
        "recipe": _recipe(network).model_dump(),
        "n_steps": options.budget.updates,
        "seed": options.seed,
    }
    other = [name for name, value in asked.items() if getattr(card, name) != value]
    if other:
        raise BadInputError(
            f"{file} holds a teacher of another {', '.join(other)}; name another folder, or remove the file"
        )


def _recipe(network: str) -> TeachingRecipe:
    return teaching_recipe("default", {}, network_spec(network))
