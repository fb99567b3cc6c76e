"""Files of public data sets, from a local folder or a download, and the cache of converted sets.

A folder holds a set either as its archive or unpacked. Archives are zipped again in many copies, so the
files inside are verified, never the archive.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from tutelage.data.fingerprints import Survey
from tutelage.data.forms.matrix_csv import CsvFile
from tutelage.data.sets.fingerprint_file import read_fingerprints, write_fingerprints
from tutelage.data.sets.public_sets import PublicDataset
from tutelage.errors import BadInputError, DataUnavailableError, FileFormatError, TutelageError
from tutelage.files.atomic import atomic_folder, cache_dir

__all__ = [
    "cached_survey",
    "is_cached",
    "keep_in_cache",
    "presence",
    "require_data_folder",
    "require_files",
    "verify",
]


# -- the files themselves -------------------------------------------------------------------------


def require_files(dataset: PublicDataset, data_dir: str | Path | None, progress: bool) -> dict[str, CsvFile]:
    """Return the files of a set from the first local folder that has them all, else download them.

    Parameters
    ----------
    dataset : PublicDataset
        The set.
    data_dir : str or Path or None
        Folder to look in first; then TUTELAGE_DATA and the cache.
    progress : bool
        Whether to show a bar while downloading.

    Returns
    -------
    dict of str to CsvFile
        Files by name, as in the registry.

    Raises
    ------
    BadInputError
        If a named folder does not exist.
    DataUnavailableError
        If the files are in no folder and cannot be downloaded.
    FileFormatError
        If an archive is damaged or lacks a file.
    """
    places = _places(dataset, data_dir)
    for place in places:
        files = _files_in(place, dataset)
        if not _missing(dataset, files):
            return files
    try:
        download = _download(dataset, progress)
    except (OSError, ValueError) as error:
        raise _unavailable(dataset, places, error) from error
    files = _files_in(download, dataset)
    if _missing(dataset, files):
        raise FileFormatError(
            f"{download} was downloaded from {dataset.url} but lacks "
            f"{', '.join(_missing(dataset, files))}; delete it and see {dataset.page}"
        )
    return files


def presence(dataset: PublicDataset, data_dir: str | Path | None) -> str:
    """Return how much of a set is in local folders.

    Parameters
    ----------
    dataset : PublicDataset
        The set.
    data_dir : str or Path or None
        As for `require_files`.

    Returns
    -------
    str
        "local" (all files in one folder), "partly here" or "not here".
    """
    contents = []
    for place in _places(dataset, data_dir):
        with suppress(FileFormatError):  # a broken archive holds nothing; loading says what is wrong
            contents.append(_files_in(place, dataset))
    if any(not _missing(dataset, files) for files in contents):
        return "local"
    return "partly here" if any(contents) else "not here"


def verify(dataset: PublicDataset, files: Mapping[str, CsvFile]) -> None:
    """Compare every file with the SHA-256 of the registry; a file without one is not checked.

    Parameters
    ----------
    dataset : PublicDataset
        The set.
    files : mapping of str to CsvFile
        Its files by name.

    Raises
    ------
    FileFormatError
        If a file differs from the published one or cannot be read.
    """
    for pattern, expected in dataset.files.items():
        names = sorted(name for name in files if PurePosixPath(name).match(pattern))
        if "*" in pattern:
            lines = "".join(f"{_sha256(files[name])}  {name}\n" for name in names)
            actual = hashlib.sha256(lines.encode()).hexdigest()
        else:
            actual = _sha256(files[pattern])
        if expected and actual != expected:
            where = files.get(pattern) or f"{pattern} beside {files[names[0]]}"
            raise FileFormatError(
                f"{where}: SHA-256 is {actual[:12]}..., that of the published file is {expected[:12]}...; "
                f"it was changed or damaged. Delete it and get {dataset.name} again from "
                f"{dataset.url or dataset.page}"
            )


def require_data_folder(root: str | Path) -> Path:
    """Require that a folder of public sets exists.

    Parameters
    ----------
    root : str or Path
        The folder.

    Returns
    -------
    Path
        The same folder.

    Raises
    ------
    BadInputError
        If it does not exist.
    """
    if not Path(root).is_dir():
        raise BadInputError(f"the data folder {root} does not exist; check --data-dir and TUTELAGE_DATA")
    return Path(root)


def _places(dataset: PublicDataset, data_dir: str | Path | None) -> list[Path]:
    """Return where to look, in order; in each folder the archive comes before unpacked files."""
    folders = (data_dir, os.environ.get("TUTELAGE_DATA"))
    roots = [require_data_folder(root) for root in folders if root]
    set_folders = [root / dataset.folder for root in (*roots, cache_dir() / "downloads")]
    candidates = [place for folder in set_folders for place in (folder / dataset.archive, folder)]
    return [place for place in dict.fromkeys(candidates) if place.exists()]


def _files_in(place: Path, dataset: PublicDataset) -> dict[str, CsvFile]:
    """Return the files of the set in a folder or archive, under their names in the registry."""
    files: dict[str, CsvFile] = {}
    for path, file in _contents(place):
        for pattern in dataset.files:
            if path.match(pattern):
                depth = len(PurePosixPath(pattern).parts)
                files["/".join(path.parts[-depth:])] = file
    return files


def _contents(place: Path) -> Iterable[tuple[PurePosixPath, CsvFile]]:
    if place.is_dir():
        return [(PurePosixPath(file.relative_to(place).as_posix()), file) for file in place.rglob("*.csv")]
    try:
        archive = zipfile.ZipFile(place)
    except (zipfile.BadZipFile, OSError) as error:
        raise FileFormatError(
            f"{place} is not a readable zip archive: {error}; delete it and try again"
        ) from error
    return [(PurePosixPath(name), zipfile.Path(archive, name)) for name in archive.namelist()]


def _missing(dataset: PublicDataset, files: Iterable[str]) -> list[str]:
    return [p for p in dataset.files if not any(PurePosixPath(name).match(p) for name in files)]


def _sha256(file: CsvFile) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except (zipfile.BadZipFile, OSError) as error:
        raise FileFormatError(f"{file} cannot be read: {error}; delete the archive and try again") from error


# -- download -------------------------------------------------------------------------------------


def _download(dataset: PublicDataset, progress: bool) -> Path:
    """Download the archive, or each file, into the cache and return its place there."""
    import pooch  # a set that is here does not wait for it

    if not dataset.url:
        raise ValueError("the public server has no archive of these files")
    pooch.get_logger().setLevel("WARNING")  # else it asks the user to pin the hash of the archive
    folder = cache_dir() / "downloads" / dataset.folder
    names = [dataset.archive] if dataset.archive else list(dataset.files)
    for name in names:
        url = dataset.url if dataset.archive else f"{dataset.url}/{name}"
        pooch.retrieve(url, known_hash=None, fname=name, path=folder, progressbar=progress)
    return folder / dataset.archive if dataset.archive else folder


def _unavailable(dataset: PublicDataset, places: list[Path], error: Exception) -> DataUnavailableError:
    present = {name for place in places for name in _files_in(place, dataset)}
    missing = dataset.archive or " and ".join(_missing(dataset, present))
    folder = f"DATA/{dataset.folder}"
    source = f"{dataset.url}/"
    place = f"put it into {folder}"
    if dataset.archive:
        source = dataset.url or dataset.page
        place = f"save it as {folder}/{missing} or unpack it there"
    reason = type(error).__name__ if isinstance(error, OSError) else str(error)
    return DataUnavailableError(
        f"{dataset.name} needs {missing}, not found here and not downloadable ({reason}): "
        f"get it from {source} and {place}, with DATA named by --data-dir or TUTELAGE_DATA"
    )


# -- the cache of converted sets ------------------------------------------------------------------


def is_cached(dataset: PublicDataset) -> bool:
    """Return whether these loaders converted the set before, from files with these hashes.

    Parameters
    ----------
    dataset : PublicDataset
        The set.

    Returns
    -------
    bool
        True if the cache has the converted set.
    """
    return _cached_folder(dataset).is_dir()


def cached_survey(dataset: PublicDataset) -> Survey | None:
    """Read a converted set from the cache.

    Parameters
    ----------
    dataset : PublicDataset
        The set.

    Returns
    -------
    Survey or None
        None if the cache does not have it or it is damaged.
    """
    folder = _cached_folder(dataset)
    if not folder.is_dir():
        return None
    with suppress(FileFormatError):  # converted again from the verified files
        train, test = (read_fingerprints(folder / f"{split}.parquet") for split in ("train", "test"))
        return Survey(dataset.name, train, test, dataset.licence)
    return None


def keep_in_cache(dataset: PublicDataset, survey: Survey) -> None:
    """Write a converted set to the cache, if the cache is writable and the files were verified.

    Parameters
    ----------
    dataset : PublicDataset
        The set.
    survey : Survey
        Its converted form.
    """
    if not dataset.verified or survey.test is None:
        return
    folder = _cached_folder(dataset)
    with suppress(OSError, TutelageError):  # a read-only cache costs time, never the data
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder) as beside:
            write_fingerprints(survey.train, beside / "train.parquet")
            write_fingerprints(survey.test, beside / "test.parquet")


def _cached_folder(dataset: PublicDataset) -> Path:
    return cache_dir() / "surveys" / dataset.cache_key
