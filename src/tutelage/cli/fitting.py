"""The verb that learns a building, from new or by an update of a model.

What needs PyTorch is imported when the verb runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage import presentation
from tutelage.cli.options import (
    SOURCE,
    DataDir,
    Device,
    Epochs,
    Epsg,
    Json,
    Minutes,
    NotHeard,
    Recipe,
    Resume,
    Seed,
    Settings,
    Teachers,
    beside,
    learning,
    pairs_of,
)
from tutelage.cli.updating import refuse_what_stays, update_model
from tutelage.data import surveys as datasets
from tutelage.errors import BadInputError
from tutelage.files.model_folder import require_model_path

if TYPE_CHECKING:  # only named in signatures: a wrong option is refused before PyTorch is loaded
    from tutelage.localizer import Localizer

__all__ = ["fit_command"]


@dataclass(frozen=True)
class _Method:
    """How a model learns and what it is taught, as options say it; an update keeps all of it."""

    network: str | None
    teachers: Sequence[str]
    transfer: str
    sources: Sequence[str]
    recipe: str
    settings: list[str] | None

    def changed(self) -> dict[str, object]:
        """By option, what is not as it is by default."""
        return {
            "network": self.network,
            "teacher": self.teachers,
            "source": self.sources,
            "set": self.settings,
            "transfer": self.transfer != "none",
            "recipe": self.recipe != "default",
        }


def fit_command(
    survey: Annotated[str | None, typer.Argument(help=f"Building to learn: {SOURCE}.")] = None,
    target: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Model folder to write (else the building's name and -model).")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="blend, matcher, knn, a registered network such as dnn, or NAME:FILE of tune. Else blend, or "
            "dnn if a teacher (but zoo:matcher), a transfer or a recipe is named."
        ),
    ] = None,
    update: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Continue from this model with the scans of --target; see docs."),
    ] = None,
    drop_gone: Annotated[
        bool, typer.Option("--drop-gone", help="With --update: forget what drift finds gone.")
    ] = False,
    teacher: Teachers = None,
    transfer: Annotated[str, typer.Option(help="none, or collective or sequential: from --source.")] = "none",
    source: Annotated[
        list[str] | None, typer.Option(help=f"Building that a transfer learns first: {SOURCE}; repeatable.")
    ] = None,
    recipe: Recipe = "default",
    settings: Settings = None,
    epochs: Epochs = None,
    minutes: Minutes = None,
    calibration: Annotated[
        bool,
        typer.Option(help="Learn how far off answers are, by another fit without some reference points."),
    ] = True,
    seed: Seed = 0,
    device: Device = "auto",
    resume: Resume = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Learn a building: blend, matcher, k-NN, or a network (Expert Distilling, plain learning or transfer)."""
    from tutelage.training import Budget

    building = _named_once(survey, target)
    out = out or _unused_name(building)
    require_model_path(out)
    Budget(epochs, minutes)  # refused before the data are read, for knn as well
    method = _Method(network, teacher or (), transfer, source or (), recipe, settings)
    read: dict[str, Any] = {"data_dir": data_dir, "not_heard": not_heard, "epsg": epsg}
    run = {"epochs": epochs, "minutes": minutes, "seed": seed, "device": device}
    run |= {"resume": resume, "progress": not as_json}
    if update is not None:
        refuse_what_stays(method.changed())
        load = partial(datasets.load, building, **read)
        model = update_model(update, load, out, drop_gone=drop_gone, calibrated=calibration, **run)
    elif drop_gone:
        raise BadInputError("--drop-gone goes with --update MODEL, whose access points it forgets")
    else:
        model = _fit_new(building, method, out, read, calibrate=calibration, **run)
    presentation.show_fit(model, out, as_json)


def _named_once(survey: str | None, target: str | None) -> str:
    """The building to learn, which may be named in two ways."""
    if survey and target:
        raise BadInputError(f"two buildings are named, {survey} and --target {target}; keep one")
    if not (survey or target):
        raise BadInputError("no building is named; write, for instance: tutelage fit survey.csv")
    return survey or target or ""


def _unused_name(building: str) -> Path:
    """The model's name where none is given; what was not named is not replaced."""
    kind, _, detail = building.partition(":")
    pieces = [Path(building).stem]
    if detail and not Path(building).exists():  # simulated:7, uji_library:1-2, matrix:FOLDER/PREFIX
        pieces = [Path(detail).stem] if kind == "matrix" else [kind, *detail.split(",")]
    name = Path("-".join([*pieces, "model"]))
    if name.exists():
        raise BadInputError(f"{name} exists; name another with --out, or give --out {name} to replace it")
    return name


def _fit_new(target: str, method: _Method, out: Path, read: dict[str, Any], **run: Any) -> Localizer:
    """A model of the building `target`, fitted and saved at `out`.

    Parameters
    ----------
    read : as of `tutelage.data.surveys.load_several`
    run : as of `tutelage.Localizer`
    """
    from tutelage.localizer import Localizer
    from tutelage.methods.learning import checked_transfer

    settings = pairs_of(method.settings)
    transfer = checked_transfer(method.transfer, method.sources, method.teachers)
    building, *sources = datasets.load_several([target, *method.sources], **read)
    with learning(out, resume=run["resume"]) as checkpoints:
        model = Localizer(
            method.network,
            teachers=method.teachers,
            transfer=transfer or "none",
            sources=sources,
            recipe=method.recipe,
            settings=settings,
            checkpoint_dir=checkpoints,
            log=beside(out, "metrics.jsonl"),
            **run,
        )
        model.fit(building).save(out)
    return model
