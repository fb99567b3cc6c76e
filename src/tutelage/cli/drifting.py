"""The verb that compares recent scans with a model's radio map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage import presentation
from tutelage.cli.options import SOURCE, DataDir, Epsg, Json, Model, NotHeard, stoppable
from tutelage.data import surveys as datasets
from tutelage.data.forms import is_own

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.fingerprints import FingerprintSet, Survey

__all__ = ["drift_command"]


def drift_command(
    model: Model,
    scans: Annotated[
        str,
        typer.Argument(help=f"Recent scans, with or without positions: {SOURCE}. Of two splits, the test."),
    ],
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """What changed since the survey, what it costs, and whether to survey again; exit code 0 either way."""
    from tutelage.evaluation.drift import measure_drift
    from tutelage.localizer import Localizer

    known = Localizer.load(model)
    recent = _recent(scans, data_dir, not_heard, epsg)
    with stoppable("give the same command again"):
        found = measure_drift(known, recent, progress=not as_json)
    presentation.show_drift(found, model, scans, as_json)


def _recent(
    source: str, data_dir: Path | None, not_heard: float | None, epsg: int | None
) -> FingerprintSet | Survey:
    """A survey where the scans have positions, else the scans alone."""
    if is_own(Path(source)):
        scans = datasets.read_scans(source, not_heard=not_heard)
        if scans.position_m is None:
            return scans
    return datasets.load(source, data_dir=data_dir, not_heard=not_heard, epsg=epsg, for_training=False)
