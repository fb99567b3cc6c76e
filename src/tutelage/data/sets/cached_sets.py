"""Where the files of a public data set lie: a local folder, else a download; and the cache of what was read.

A place holds a set either as its archive or unpacked. Archives are zipped again in many copies, so the
files inside are verified, never the archive.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pooch

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.forms.matrix_csv import CsvFile
from tutelage.data.sets.public_sets import PublicDataset
from tutelage.errors import BadInputError, DataUnavailableError, FileFormatError, TutelageError
from tutelage.files.atomic import cache_dir, replaced_folder

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
    """The files of a set by name, from the first local folder that has them all, else downloaded.

    Raises
    ------
    DataUnavailableError
        If they are in no folder and cannot be downloaded.
    """
    places = _places(dataset, data_dir)
    for place in places:
        files = _files_in(place, dataset)
        if not _missing(dataset, files):
            return files
    try:
        downloaded = _download(dataset, progress)
    except (OSError, ValueError) as error:
        raise _unavailable(dataset, places, error) from error
    files = _files_in(downloaded, dataset)
    if _missing(dataset, files):
        raise FileFormatError(
            f"{downloaded} was downloaded from {dataset.url} but lacks "
            f"{', '.join(_missing(dataset, files))}; delete it and see {dataset.page}"
        )
    return files


def presence(dataset: PublicDataset, data_dir: str | Path | None) -> str:
    """Whether a folder has the files of a set: "local" (all), "partly here" or "not here"."""
    found = []
    for place in _places(dataset, data_dir):
        with suppress(FileFormatError):  # a broken archive holds nothing; loading says what is wrong
            found.append(_files_in(place, dataset))
    if any(not _missing(dataset, files) for files in found):
        return "local"
    return "partly here" if any(found) else "not here"


def verify(dataset: PublicDataset, files: Mapping[str, CsvFile]) -> None:
    """Compare every file with the SHA-256 of the registry; a file without one is not checked.

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
    """A folder of public sets.

    Raises
    ------
    BadInputError
        If it does not exist.
    """
    if not Path(root).is_dir():
        raise BadInputError(f"the data folder {root} does not exist; check --data-dir and TUTELAGE_DATA")
    return Path(root)


def _places(dataset: PublicDataset, data_dir: str | Path | None) -> list[Path]:
    """Where to look, in order; in each folder the archive comes before unpacked files."""
    given = (data_dir, os.environ.get("TUTELAGE_DATA"))
    roots = [require_data_folder(root) for root in given if root]
    folders = [root / dataset.folder for root in (*roots, cache_dir() / "downloads")]
    candidates = [place for folder in folders for place in (folder / dataset.archive, folder)]
    return [place for place in dict.fromkeys(candidates) if place.exists()]


def _files_in(place: Path, dataset: PublicDataset) -> dict[str, CsvFile]:
    """Files of the set in a folder or archive, named as in the registry whatever folders are around them."""
    found: dict[str, CsvFile] = {}
    for path, file in _contents(place):
        for pattern in dataset.files:
            if path.match(pattern):
                depth = len(PurePosixPath(pattern).parts)
                found["/".join(path.parts[-depth:])] = file
    return found


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
    """Fetch the archive, or each file, into the cache; the place where it now lies."""
    if not dataset.url:
        raise ValueError("the public server has no archive of these files")
    pooch.get_logger().setLevel("WARNING")  # else it asks the user to pin the hash of the archive
    folder = cache_dir() / "downloads" / dataset.folder
    wanted = [dataset.archive] if dataset.archive else list(dataset.files)
    for name in wanted:
        url = dataset.url if dataset.archive else f"{dataset.url}/{name}"
        pooch.retrieve(url, known_hash=None, fname=name, path=folder, progressbar=progress)
    return folder / dataset.archive if dataset.archive else folder


def _unavailable(dataset: PublicDataset, places: list[Path], error: Exception) -> DataUnavailableError:
    have = {name for place in places for name in _files_in(place, dataset)}
    wanted = dataset.archive or " and ".join(_missing(dataset, have))
    folder = f"DATA/{dataset.folder}"
    source, place = f"{dataset.url}/", f"put it into {folder}"
    if dataset.archive:
        source, place = dataset.url or dataset.page, f"save it as {folder}/{wanted} or unpack it there"
    reason = type(error).__name__ if isinstance(error, OSError) else str(error)
    return DataUnavailableError(
        f"{dataset.name} needs {wanted}, not found here and not downloadable ({reason}): "
        f"get it from {source} and {place}, with DATA named by --data-dir or TUTELAGE_DATA"
    )


# -- the cache of converted sets ------------------------------------------------------------------


def is_cached(dataset: PublicDataset) -> bool:
    """Whether the set was converted before, by these loaders and from files with these hashes."""
    return _cached_folder(dataset).is_dir()


def cached_survey(dataset: PublicDataset) -> Survey | None:
    """What `keep_in_cache` kept, or None if there is nothing or it is damaged."""
    folder = _cached_folder(dataset)
    if not folder.is_dir():
        return None
    with suppress(FileFormatError):  # converted again from the verified files
        train, test = (FingerprintSet.from_parquet(folder / f"{s}.parquet") for s in ("train", "test"))
        return Survey(dataset.name, train, test, dataset.licence)
    return None


def keep_in_cache(dataset: PublicDataset, survey: Survey) -> None:
    """Keep the converted set for the next time, if the cache can be written and the files were verified."""
    if not dataset.verified or survey.test is None:
        return
    folder = _cached_folder(dataset)
    with suppress(OSError, TutelageError):  # a read-only cache costs time, never the data
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replaced_folder(folder) as beside:
            survey.train.to_parquet(beside / "train.parquet")
            survey.test.to_parquet(beside / "test.parquet")


def _cached_folder(dataset: PublicDataset) -> Path:
    return cache_dir() / "surveys" / dataset.cache_key
