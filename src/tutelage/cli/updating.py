"""What `fit --update` does: continue from a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutelage.cli.options import beside, learning
from tutelage.errors import BadInputError

if TYPE_CHECKING:  # only named in signatures
    from tutelage.data.fingerprints import Survey
    from tutelage.localizer import Localizer

__all__ = ["refuse_what_stays", "update_model"]


def refuse_what_stays(given: Mapping[str, object]) -> None:
    """Refuse options that an update cannot change.

    Raises
    ------
    BadInputError
        If any is given, by name.
    """
    named = [f"--{name}" for name, value in given.items() if value]
    if named:
        raise BadInputError(
            f"{', '.join(named)}: an update keeps method, settings and what the model was taught; "
            "leave it out, or fit a new model"
        )


def update_model(
    path: Path, load: Callable[[], Survey], out: Path, *, drop_gone: bool, **how: Any
) -> Localizer:
    """The model at `path`, continued with new scans and saved at `out`.

    Parameters
    ----------
    load : reads the new scans
    drop_gone : forget the access points that drift finds gone
    how : as of `tutelage.updating.updated`
    """
    from tutelage.evaluation.drift import measure_drift
    from tutelage.localizer import Localizer
    from tutelage.updating import updated

    model, survey = Localizer.load(path), load()
    gone = [each.access_point for each in measure_drift(model, survey.train).gone] if drop_gone else []
    with learning(out, resume=how["resume"]) as checkpoints:
        log = beside(out, "metrics.jsonl")
        found = updated(model, survey, drop=gone, checkpoint_dir=checkpoints, log=log, **how)
        found.save(out)
    return found
