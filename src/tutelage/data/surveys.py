"""Load surveys: public data sets by name, a simulated building, and the user's own files."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms import user_table
from tutelage.data.forms.all_forms import export_survey, export_table, is_user_file, require_exportable
from tutelage.data.forms.matrix_csv import CsvFile
from tutelage.data.forms.matrix_pair import read_pair, read_user_pair
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.forms.user_table import read_user_table
from tutelage.data.rooms import survey_in_rooms
from tutelage.data.sets import cached_sets, tampere, uji_library, ujiindoorloc, utsindoorloc, wifine
from tutelage.data.sets.public_sets import (
    PublicDataset,
    exclude_buildings,
    public_dataset,
    public_datasets,
    shareable_names,
)
from tutelage.data.sets.simulated import simulated_survey
from tutelage.errors import BadInputError, LeftOutWarning, ReadAsWarning, UnknownNameError

__all__ = [
    "DatasetStatus",
    "dataset_table",
    "exclude_buildings",
    "export_survey",
    "export_table",
    "fetch",
    "load",
    "load_several",
    "read_pair",
    "read_scans",
    "read_user_table",
    "require_exportable",
    "shareable_names",
    "shareable_sets",
    "simulated_survey",
]

Codes = float | str | Iterable[float | str] | None
"""Numbers that mean "not heard", in the ways in which `NotHeard.of` takes them."""
_Splits = tuple[FingerprintSet, FingerprintSet]
_READERS: dict[str, Callable[[Mapping[str, CsvFile]], _Splits]] = {
    "ujiindoorloc": ujiindoorloc.read,
    "utsindoorloc": utsindoorloc.read,
    "tampere": tampere.read,
    "uji_library": uji_library.read,
    "wifine": wifine.read,
}  # every other public set is a matrix pair


@dataclass(frozen=True)
class DatasetStatus:
    """A public data set and where its files are.

    Parameters
    ----------
    name, title : str
        Name for `load`, and a description.
    n_train, n_test, n_access_points : int
        Size of the whole set.
    size_bytes : int
        Size of its unpacked files.
    licence, citation : str
        Licence and paper of its authors.
    where : str
        "cached" (converted; loads at once), "local" (files are here), "partly here" or "not here".
    verified : bool
        Whether the SHA-256 of every file is known.
    """

    name: str
    title: str
    n_train: int
    n_test: int
    n_access_points: int
    size_bytes: int
    licence: str
    citation: str
    where: str
    verified: bool


def load(
    source: str | Path,
    *,
    data_dir: str | Path | None = None,
    not_heard: Codes = None,
    epsg: int | None = None,
    columns: str | Mapping[str, str] | None = None,
    access_points: str | Iterable[str] | None = None,
    units: str | Mapping[str, object] | None = None,
    rooms: str | Path | None = None,
    months: str | Iterable[int] | None = None,
    for_training: bool = True,
    several_places: bool = True,
) -> Survey:
    """Load a survey.

    Parameters
    ----------
    source : str or Path
        One of:

        - a public data set (`dataset_table` lists them); "uji_library:1-25" picks months
        - "simulated" or "simulated:SEED", a simulated building
        - "matrix:FOLDER/PREFIX", headerless PREFIX_trnrss.csv, _trncrd, _tstrss, _tstcrd
        - the path of your own file, or of a folder of logs or tables, in one of the forms that
          docs/reference/formats.md lists
    data_dir : str or Path, optional
        Folder of the public data sets. The next places are TUTELAGE_DATA and a download.
    not_heard : float, str or sequence, optional
        Numbers that mean "not heard" in your own files: 100, "100,0" or "<=-100". It is 100 by default in
        matrix pairs.
    epsg : int, optional
        EPSG code of the coordinates in your own files. Degrees are converted to it, by default to their UTM
        zone.
    columns : str or mapping, optional
        Columns of your own table that hold the fields, such as "x_m=X,y_m=Y,scan_id=row,place=Room".
    access_points : str or iterable of str, optional
        Columns that are access points whatever they look like, by names or patterns such as "*".
    units : str or mapping, optional
        Units of your own file: "rss=percent,place=mm,time=ms".
    rooms : str or Path, optional
        Polygons of rooms, in GeoJSON or IMDF. Scans of your own file without a `place` get the room in which
        they lie.
    months : str or iterable of int, optional
        Months of uji_library, such as "1-3" or (1, 25). By default month 1, with its training and test scans.
    for_training : bool, default True
        Refuse your own table if its scans cannot be learnt.
    several_places : bool, default True
        For training, refuse scans that all come from one position, or name one place. `update` takes them.

    Returns
    -------
    Survey
        Training scans and, where there are any, test scans. A file that names places and has no coordinates
        gives scans with `place` and without positions.

    Raises
    ------
    UnknownNameError
        If `source` is neither a data set nor a path.
    BadInputError
        If a file is missing or malformed, or an option does not go with `source`.
    DataUnavailableError
        If the files of a public set are not here and cannot be downloaded.
    FileFormatError
        If a file of a public set differs from the published one.

    Examples
    --------
    >>> import tutelage as tt
    >>> tt.load("simulated:7")
    Survey('simulated', train=1224, test=300, access_points=40)
    """
    source = str(source)
    kind, _, detail = source.partition(":")
    options = ReadOptions.of(
        columns=columns, access_points=access_points, not_heard=not_heard, units=units, epsg=epsg
    )
    _require_fitting_options(kind, options != ReadOptions() or rooms is not None, months)
    if kind in public_datasets():
        return _public_survey(_selected(source, months), data_dir, progress=True)
    if kind == "simulated":
        return simulated_survey(seed=_seed(source))
    if kind == "matrix":
        return _in_rooms(read_user_pair(detail, options), rooms)
    path = Path(source)
    if is_user_file(path):
        return _in_rooms(
            read_user_table(path, options, for_training=for_training, several_places=several_places), rooms
        )
    if path.is_dir():
        raise BadInputError(
            "is a folder; give a table in it, matrix:FOLDER/PREFIX, or a folder of comford's tables "
            "or of logs",
            file=path,
        )
    if path.suffix or len(path.parts) > 1:
        raise BadInputError("no such file; give your own, or matrix:FOLDER/PREFIX", file=path)
    raise UnknownNameError("data set", source, [*public_datasets(), "simulated"])


def shareable_sets(data_dir: str | Path | None = None) -> list[str]:
    """List the public sets here whose licence allows to share a model that learnt from them.

    Parameters
    ----------
    data_dir : str or Path, optional
        Folder with public data sets, as for `load`.

    Returns
    -------
    list of str
        Names of the sets.
    """
    local = {status.name for status in dataset_table(data_dir) if status.where in ("cached", "local")}
    return [name for name in shareable_names() if name in local]


def load_several(
    sources: Iterable[str | Path], *, data_dir: str | Path | None = None, **options: Any
) -> list[Survey]:
    """Load surveys; options about files apply only to those that are the user's own.

    Parameters
    ----------
    sources : iterable of str or Path
        Sources, as `load` takes them.
    data_dir : str or Path, optional
        As for `load`.
    **options
        `not_heard`, `epsg`, `columns`, `access_points`, `units` and `rooms`, as for `load`; they are refused
        where no source is the user's own.

    Returns
    -------
    list of Survey
        Surveys in the order of the sources.

    Raises
    ------
    UnknownNameError, BadInputError, DataUnavailableError, FileFormatError
        As for `load`.
    """
    names = [str(source) for source in sources]
    own = [name for name in names if _is_own_file(name)] or names
    return [load(name, data_dir=data_dir, **(options if name in own else {})) for name in names]


def read_scans(
    path: str | Path,
    *,
    not_heard: Codes = None,
    columns: str | Mapping[str, str] | None = None,
    access_points: str | Iterable[str] | None = None,
    units: str | Mapping[str, object] | None = None,
    with_positions: bool = True,
) -> FingerprintSet:
    """Read scans to locate; positions may be absent.

    Parameters
    ----------
    path : str or Path
        The user's own file, in any form.
    not_heard, columns, access_points, units
        As for `load`.
    with_positions : bool, default True
        Whether to keep positions where all scans have one, and to refuse a table in which only some do.
        Named places are kept in any case.

    Returns
    -------
    FingerprintSet
        The scans.

    Raises
    ------
    UnknownNameError, BadInputError
        As for `load`.
    """
    options = ReadOptions.of(columns=columns, access_points=access_points, not_heard=not_heard, units=units)
    return user_table.read_scans(path, options, with_positions=with_positions)


def fetch(name: str, data_dir: str | Path | None = None, progress: bool = True) -> Survey:
    """Download a public data set if it is not here, verify it, convert it and return it.

    The converted set is kept in TUTELAGE_CACHE, or in the cache folder of the system.

    Parameters
    ----------
    name : str
        Name of the set, or "uji_library:MONTHS".
    data_dir : str or Path, optional
        Folder that may hold the files, as for `load`.
    progress : bool, default True
        Whether to show a bar while downloading.

    Returns
    -------
    Survey
        The data set.

    Raises
    ------
    UnknownNameError, DataUnavailableError, FileFormatError
        As for `load`.

    Examples
    --------
    >>> import tutelage as tt
    >>> try:
    ...     tt.fetch("simulated")
    ... except tt.TutelageError as error:
    ...     print(str(error).partition(".")[0])
    unknown public data set 'simulated'
    """
    return _public_survey(_selected(name, None), data_dir, progress)


def dataset_table(data_dir: str | Path | None = None) -> list[DatasetStatus]:
    """List every public data set, its size and where its files are.

    Parameters
    ----------
    data_dir : str or Path, optional
        Folder that may hold the files, as for `load`.

    Returns
    -------
    list of DatasetStatus
        One entry for each set.

    Raises
    ------
    BadInputError
        If the folder does not exist.

    Examples
    --------
    >>> import tutelage as tt
    >>> [(entry.name, entry.n_train) for entry in tt.dataset_table()][:2]
    [('ujiindoorloc', 19937), ('utsindoorloc', 9108)]
    """
    return [
        DatasetStatus(
            dataset.name,
            dataset.title,
            dataset.n_train,
            dataset.n_test,
            dataset.n_access_points,
            dataset.size_bytes,
            dataset.licence,
            dataset.citation,
            "cached" if cached_sets.is_cached(dataset) else cached_sets.presence(dataset, data_dir),
            dataset.verified,
        )
        for dataset in (_selected(name, None) for name in public_datasets())
    ]


def _selected(source: str, months: str | Iterable[int] | None) -> PublicDataset:
    """Return the data set that "name" or "uji_library:MONTHS" names, with only the files of these months."""
    name, colon, detail = source.partition(":")
    if colon and name != "uji_library":
        raise UnknownNameError("data set", source, public_datasets())
    dataset = public_dataset(name)
    if name != "uji_library":
        return dataset
    if colon and months is not None:
        raise BadInputError(f"{source!r} and months={months!r} both pick months; give one of them")
    choice = detail if colon else months
    numbers = uji_library.DEFAULT_MONTHS if choice is None else uji_library.parse_months(choice)
    patterns = [uji_library.month_pattern(month) for month in numbers]
    return replace(dataset, files={pattern: dataset.files[pattern] for pattern in patterns})


def _public_survey(dataset: PublicDataset, data_dir: str | Path | None, progress: bool) -> Survey:
    if data_dir:
        cached_sets.require_data_folder(data_dir)
    survey = cached_sets.cached_survey(dataset)
    if survey is not None:
        return survey
    files = cached_sets.require_files(dataset, data_dir, progress)
    cached_sets.verify(dataset, files)
    if dataset.name in _READERS:
        survey = Survey(dataset.name, *_READERS[dataset.name](files), dataset.licence)
    else:
        survey = read_pair(files, dataset.name.upper(), licence=dataset.licence)
    cached_sets.keep_in_cache(dataset, survey)
    return survey


def _in_rooms(survey: Survey, rooms: str | Path | None) -> Survey:
    if rooms is None:
        return survey
    survey, notes = survey_in_rooms(survey, rooms)
    for note in notes:
        warnings.warn(str(note), ReadAsWarning if note.code == "rooms" else LeftOutWarning, stacklevel=3)
    return survey


def _is_own_file(source: str) -> bool:
    kind = source.partition(":")[0]
    return kind not in public_datasets() and kind != "simulated"


def _require_fitting_options(kind: str, own_file_option: bool, months: str | Iterable[int] | None) -> None:
    if months is not None and kind != "uji_library":
        raise BadInputError(f"months goes with uji_library only, not with {kind!r}; leave it out")
    if own_file_option and not _is_own_file(kind):
        raise BadInputError(
            f"not_heard, epsg, columns, access_points, units and rooms are for your own files; {kind} has "
            "its own, leave them out"
        )


def _seed(source: str) -> int:
    _, colon, seed = source.partition(":")
    if colon and not seed.isdecimal():
        raise BadInputError(f"{source!r}: the seed must be a whole number from 0 on, such as simulated:7")
    return int(seed or 0)
