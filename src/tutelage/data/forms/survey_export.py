"""Surveys written in a form in which a user gives their own: what is written is read back."""

from __future__ import annotations

from pathlib import Path

from tutelage.data.fingerprints import Survey
from tutelage.data.forms import Form, form_to_write
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.files.atomic import require_writable_parent

__all__ = ["export_survey", "export_table", "require_exportable"]

_SPLITS = ("train", "test", "both")


def export_survey(
    survey: Survey, path: str | Path, *, form: str | None = None, split: str = "both"
) -> dict[str, int]:
    """Write a survey so that `load` reads it back; the file or folder appears whole or not at all.

    Parameters
    ----------
    survey : what to write
    path : file, or folder of comford's tables
    form : "table" (.csv or .parquet), "comford" or "geojson"; without one, what the name ends as
    split : "train", "test", or "both", which are then told apart; one alone, also of a survey that has no
        other, is read back as training scans

    Returns
    -------
    How many scans of each split were written.

    Raises
    ------
    BadInputError, UnknownNameError
        If there is no such form or split, the name ends otherwise, or the form cannot hold the survey.
    """
    chosen = require_exportable(path, form, split)
    if split == "test" and survey.test is None:
        raise BadInputError(f"{survey.name} has no test split; give --split train")
    both = {"train": survey.train, "test": survey.test}
    parts = {name: scans for name, scans in both.items() if scans is not None and split in (name, "both")}
    assert chosen.write is not None
    chosen.write(parts if len(parts) > 1 else {"train": next(iter(parts.values()))}, Path(path))
    return {name: len(scans) for name, scans in parts.items()}


def require_exportable(path: str | Path, form: str | None = None, split: str = "both") -> Form:
    """The form in which a survey would be written there, once it is known that it can be.

    Called before long work starts; parameters and errors of `export_survey`.
    """
    if split not in _SPLITS:
        raise UnknownNameError("split", split, _SPLITS)
    return form_to_write(require_writable_parent(path), form)


def export_table(survey: Survey, path: str | Path, *, split: str = "both") -> None:
    """Write a survey as a table in wide form, .csv or .parquet; parameters and errors of `export_survey`."""
    export_survey(survey, path, form="table", split=split)
