"""What a user says about a file: its columns, access points, codes and units.

It is said on the call, or in a file beside the data.

The file beside `survey.csv` is `survey.columns.toml`. It holds what `--columns` takes, a line each, and
where wanted `access_points`, `not_heard` and `[units]`:

    x_m = "X"
    y_m = "Y"
    scan_id = "row"
    not_heard = "100,0"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tutelage.data.forms.fields import MAPPED_FIELDS
from tutelage.data.forms.not_heard import NotHeard
from tutelage.data.forms.units import Units
from tutelage.errors import BadInputError, UnknownNameError

__all__ = ["ReadOptions", "columns_file"]

_OTHER_KEYS = ("access_points", "not_heard", "units")


@dataclass(frozen=True)
class ReadOptions:
    """How a user's file is to be read.

    Parameters
    ----------
    columns : mapping of str to str
        Column of the file for each field; "" leaves the field out, and "row" numbers the rows.
    access_points : tuple of str
        Names, or patterns of names, that are access points whatever they look like.
    not_heard : NotHeard
        Codes for "not heard".
    units : Units
        Units of the file.
    epsg : int, optional
        EPSG code of the metres.
    located : bool
        Whether positions or named places are needed; a form may then leave out scans that have none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    access_points: tuple[str, ...] = ()
    not_heard: NotHeard = field(default_factory=NotHeard)
    units: Units = field(default_factory=Units)
    epsg: int | None = None
    located: bool = True

    @classmethod
    def of(
        cls,
        *,
        columns: str | Mapping[str, str] | None = None,
        access_points: str | Iterable[str] | None = None,
        not_heard: NotHeard | float | str | Iterable[float | str] | None = None,
        units: Units | str | Mapping[str, object] | None = None,
        epsg: int | None = None,
        located: bool = True,
    ) -> ReadOptions:
        """Read options in any way in which a user may give them.

        Parameters
        ----------
        columns : str or mapping, optional
            Such as "x_m=X,y_m=Y,scan_id=row".
        access_points : str or iterable of str, optional
            Names or patterns, such as "*".
        not_heard, units
            As for `NotHeard.of` and `Units.of`.
        epsg, located
            As for the class.

        Returns
        -------
        ReadOptions
            The options.

        Raises
        ------
        BadInputError, UnknownNameError
            If a part is not understood.
        """
        given = access_points.split(",") if isinstance(access_points, str) else access_points or ()
        names = tuple(name.strip() for name in given if name.strip())
        return cls(_columns(columns), names, NotHeard.of(not_heard), Units.of(units), epsg, located)

    def with_file_beside(self, path: Path) -> ReadOptions:
        """Add what the file beside the data says; what was given on the call goes before it.

        Parameters
        ----------
        path : Path
            The data.

        Returns
        -------
        ReadOptions
            The options.

        Raises
        ------
        BadInputError
            If the file beside is not understood.
        """
        beside = columns_file(path)
        if not beside.is_file():
            return self
        written = _toml(beside)
        others = {name: written.pop(name) for name in _OTHER_KEYS if name in written}
        try:
            read = ReadOptions.of(columns=written, **others)
        except (BadInputError, UnknownNameError) as error:
            raise BadInputError(str(error), file=beside) from error
        return replace(
            self,
            columns={**read.columns, **self.columns},
            access_points=(*self.access_points, *read.access_points),
            not_heard=self.not_heard or read.not_heard,
            units=read.units if self.units == Units() else self.units,
        )


def columns_file(path: Path) -> Path:
    """Return the file beside some data that says what their columns are.

    Parameters
    ----------
    path : Path
        The data.

    Returns
    -------
    Path
        `survey.columns.toml` for `survey.csv`; it need not be there.
    """
    stem = path.name.split(".")[0] if path.suffix.lower() in (".gz", ".zip") else path.stem
    return path.with_name(f"{stem}.columns.toml")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(
            f'not readable as TOML: {error}; write lines such as x_m = "X"', file=path
        ) from error


def _columns(given: str | Mapping[str, str] | None) -> dict[str, str]:
    if isinstance(given, Mapping):
        pairs = [(str(name), str(column)) for name, column in given.items()]
    else:
        pairs = [_pair(part) for part in _parts(given or "")]
    for name, _ in pairs:
        if name not in MAPPED_FIELDS:
            raise UnknownNameError("field of --columns", name, MAPPED_FIELDS)
    named = [name for name, _ in pairs]
    for name in named:
        if named.count(name) > 1:
            raise BadInputError(f"columns: {name} is given twice; keep one")
    return dict(pairs)


def _parts(text: str) -> list[str]:
    """Split at commas, but not within a name that holds one: what follows it is no FIELD=COLUMN."""
    parts: list[str] = []
    for part in text.split(","):
        if parts and part.partition("=")[0].strip() not in MAPPED_FIELDS and "=" not in part:
            parts[-1] += f",{part}"
        elif part.strip():
            parts.append(part)
    return parts


def _pair(part: str) -> tuple[str, str]:
    name, equals, column = part.partition("=")
    if not equals:
        raise BadInputError(
            f"columns: {part.strip()!r} is no FIELD=COLUMN; write such as x_m=X,y_m=Y,scan_id=row"
        )
    return name.strip(), column.strip()
