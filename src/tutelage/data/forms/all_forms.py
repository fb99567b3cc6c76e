"""All forms in which a user may give scans, and writing a survey in one of them.

A further form is one module with a `Form`, and its place in `FORMS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms import (
    airport,
    anyplace,
    comford,
    espresense,
    find1,
    find3,
    geojson,
    geosubmit,
    getsensordata,
    hulop,
    iw,
    iwlist,
    kaggle_trace,
    netsh,
    nmcli,
    scan_results,
    table,
)
from tutelage.data.forms.form import Form, ScanTables
from tutelage.data.forms.named_places import settle_places
from tutelage.data.forms.read_options import ReadOptions
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.files.atomic import require_writable_parent

__all__ = [
    "FORMS",
    "export_survey",
    "export_table",
    "form_to_write",
    "is_user_file",
    "read_tables",
    "require_exportable",
]

FORMS = (
    comford.FORM,
    getsensordata.FORM,
    kaggle_trace.FORM,
    anyplace.FORM,
    hulop.FORM,
    espresense.FORM,
    nmcli.FORM,
    iw.FORM,
    iwlist.FORM,
    netsh.FORM,
    airport.FORM,
    geojson.FORM,
    geosubmit.FORM,
    find1.FORM,
    scan_results.FORM,
    find3.FORM,
    table.FORM,
)
"""All forms, in the order in which they are tried; the last takes any other file."""
_SPLITS = ("train", "test", "both")


def is_user_file(path: Path) -> bool:
    """Return whether a path holds something to read: a file, or a folder of a form that may be one.

    Parameters
    ----------
    path : Path
        Path that the user gave.

    Returns
    -------
    bool
        False also where nothing is there.
    """
    folders = (comford.FORM, getsensordata.FORM, kaggle_trace.FORM)
    return path.is_file() or (path.is_dir() and any(form.recognises(path) for form in folders))


def read_tables(path: str | Path, options: ReadOptions) -> ScanTables:
    """Read a file, or a folder of tables, in whichever form it is.

    Parameters
    ----------
    path : str or Path
        Path that the user gave.
    options : ReadOptions
        How it is to be read.

    Returns
    -------
    ScanTables
        The tables, not yet checked.

    Raises
    ------
    BadInputError
        If the path is of no form, or its form is broken so that no tables can be made of it.
    """
    path = Path(path)
    tables = next(form for form in FORMS if form.recognises(path)).read(path, options)
    return settle_places(replace(tables, options=tables.options or options))


def form_to_write(path: Path, name: str | None) -> Form:
    """Choose the form in which to write a survey.

    Parameters
    ----------
    path : Path
        File or folder to write.
    name : str or None
        Name of the form; None chooses it by the ending of the file.

    Returns
    -------
    Form
        A form that can be written.

    Raises
    ------
    UnknownNameError
        If no such form can be written.
    BadInputError
        If the ending fits no form, or not the one named.
    """
    writable = {form.name: form for form in FORMS if form.write is not None}
    if name is not None:
        if name not in writable:
            raise UnknownNameError("form", name, writable)
        form = writable[name]
        # Of several endings, the one given says how the file is written.
        if len(form.endings) > 1 and path.suffix.lower() not in form.endings:
            raise BadInputError(f"a {name}'s name must end in {' or '.join(form.endings)}", file=path)
        return form
    for form in writable.values():
        if path.suffix.lower() in form.endings:
            return form
    raise BadInputError(
        "a table's name must end in .csv or .parquet, a GeoJSON file's in .geojson; else name the form: "
        + ", ".join(writable),
        file=path,
    )


def export_survey(
    survey: Survey, path: str | Path, *, form: str | None = None, split: str = "both"
) -> dict[str, int]:
    """Write a survey to a file or folder that `load` reads. It appears whole or not at all.

    Parameters
    ----------
    survey : Survey
        Survey to write.
    path : str or Path
        File, or folder of comford's tables.
    form : str, optional
        "table" (.csv or .parquet), "comford" or "geojson". By default, the ending of `path` decides.
    split : str, default "both"
        "train", "test" or "both". A file with both splits says which scan belongs to which. A single split is
        read as training scans.

    Returns
    -------
    dict of str to int
        Number of scans of each split.

    Raises
    ------
    BadInputError, UnknownNameError
        If there is no such form or split, `path` has another ending, or the form cannot hold the survey, as
        comford cannot without positions.

    Examples
    --------
    >>> import tempfile
    >>> import tutelage as tt
    >>> survey = tt.simulated_survey(n_floors=1, n_train=200, n_test=50)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tt.export_survey(survey, f"{folder}/hall.csv")
    ...     tt.load(f"{folder}/hall.csv")
    {'train': 200, 'test': 50}
    Survey('hall', train=200, test=50, access_points=40)
    """
    writer = require_exportable(path, form, split)
    if split == "test" and survey.test is None:
        raise BadInputError(f"{survey.name} has no test split; give --split train")
    both = {"train": survey.train, "test": survey.test}
    parts = {name: scans for name, scans in both.items() if scans is not None and split in (name, "both")}
    _require_whereabouts(parts, writer)
    assert writer.write is not None
    writer.write(parts if len(parts) > 1 else {"train": next(iter(parts.values()))}, Path(path))
    return {name: len(scans) for name, scans in parts.items()}


def _require_whereabouts(parts: Mapping[str, FingerprintSet], form: Form) -> None:
    """Refuse scans of which nobody could learn, or that a form cannot hold."""
    for name, scans in parts.items():
        if scans.position_m is None and scans.place is None:
            raise BadInputError(
                f"the scans of the split {name} have neither positions nor places; add x_m and y_m, or place"
            )
        if scans.position_m is None and form.needs_positions:
            raise BadInputError(
                f"{form.name} holds no scans without coordinates, and those of the split {name} name places "
                "alone; write a table (.csv, .parquet) or GeoJSON"
            )
    if len({scans.position_m is None for scans in parts.values()}) > 1:
        raise BadInputError("one split has positions and the other has none; write each alone (--split)")


def require_exportable(path: str | Path, form: str | None = None, split: str = "both") -> Form:
    """Require that a survey can be written to a path, before long work starts.

    Parameters
    ----------
    path, form, split
        As for `export_survey`.

    Returns
    -------
    Form
        The form in which it would be written.

    Raises
    ------
    BadInputError, UnknownNameError
        As for `export_survey`.
    """
    if split not in _SPLITS:
        raise UnknownNameError("split", split, _SPLITS)
    return form_to_write(require_writable_parent(path), form)


def export_table(survey: Survey, path: str | Path, *, split: str = "both") -> None:
    """Write a survey as a table in wide form.

    Parameters
    ----------
    survey : Survey
        Survey to write.
    path : str or Path
        File that ends in .csv or .parquet.
    split : str, default "both"
        As for `export_survey`.

    Raises
    ------
    BadInputError, UnknownNameError
        As for `export_survey`.
    """
    export_survey(survey, path, form="table", split=split)
