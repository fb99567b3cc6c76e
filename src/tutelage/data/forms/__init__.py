"""Forms in which a user may give a survey or scans, and in which surveys are written.

A further form is one module with a `Form`, and its line in `FORMS`.
"""

from __future__ import annotations

from pathlib import Path

from tutelage.data.forms import comford, find3, geojson, getsensordata, table
from tutelage.data.forms.form import Form
from tutelage.data.forms.scan_tables import ScanTables
from tutelage.errors import BadInputError, UnknownNameError

__all__ = ["FORMS", "Form", "form_to_write", "is_own", "read_tables"]

FORMS = (comford.FORM, getsensordata.FORM, geojson.FORM, find3.FORM, table.FORM)
"""In the order in which a file is asked what it is; the last takes what no other does."""


def is_own(path: Path) -> bool:
    """Whether there is something to read: a file, or a folder of a form that may be one."""
    folders = (comford.FORM, getsensordata.FORM)
    return path.is_file() or (path.is_dir() and any(form.recognises(path) for form in folders))


def read_tables(path: str | Path, *, located: bool) -> ScanTables:
    """What a file, or a folder of tables, holds, in whichever form it is.

    Parameters
    ----------
    path : what the user gave
    located : whether positions are wanted; a form may then leave out scans that have none

    Raises
    ------
    BadInputError
        If it is of no form, or its form is broken so that no tables can be made of it.
    """
    path = Path(path)
    return next(form for form in FORMS if form.recognises(path)).read(path, located)


def form_to_write(path: Path, name: str | None) -> Form:
    """The form to write a survey in: the one named, else the one that the name of the file ends as.

    Raises
    ------
    UnknownNameError
        If no form that can be written has this name.
    BadInputError
        If none is named and the ending tells none.
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
