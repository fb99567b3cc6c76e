"""Files and folders that appear whole or not at all: written beside first, then moved into place."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutelage.errors import BadInputError, TutelageError

__all__ = [
    "atomic_file",
    "atomic_folder",
    "cache_dir",
    "data_dir",
    "exclusive_lock",
    "require_writable_parent",
]


def cache_dir() -> Path:
    """Return the folder for files that can be made again: TUTELAGE_CACHE, else the system's cache folder.

    Returns
    -------
    Path
        The folder, which may not exist yet.
    """
    folder = os.environ.get("TUTELAGE_CACHE")
    if folder:
        return Path(folder)
    import pooch  # for downloads: who writes a file does not wait for it

    return Path(pooch.os_cache("tutelage"))


def data_dir() -> Path:
    """Return the folder for files of the user that no option names.

    Returns
    -------
    Path
        The folder, which may not exist yet.
    """
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"]) / "tutelage"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "tutelage"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tutelage"


def _name_beside(path: Path, purpose: str) -> Path:
    return path.with_name(f".{path.name}.{purpose}-{uuid.uuid4().hex[:8]}")


def require_writable_parent(path: str | Path) -> Path:
    """Require that a path's folder exists and is writable.

    Long work calls this before it starts, so that a bad `--out` costs nothing.

    Parameters
    ----------
    path : str or Path
        File or folder that will be written.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    BadInputError
        If the folder does not exist or is not writable.
    """
    path = Path(path)
    parent = path.absolute().parent
    if not parent.is_dir():
        raise BadInputError(f"cannot write {path}: the folder {parent} does not exist; create it first")
    if not os.access(parent, os.W_OK):
        raise BadInputError(f"cannot write {path}: no permission to write in {parent}")
    return path


@contextmanager
def exclusive_lock(lock: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock file, so that no other process works on the same thing.

    Parameters
    ----------
    lock : Path
        Lock file in an existing folder; it exists only as long as the lock is held.
    otherwise : str
        Message of the error if another process holds the lock.

    Raises
    ------
    BadInputError
        If another process holds the lock.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(lock, timeout=0):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise BadInputError(otherwise) from error


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Write a file beside `path` and move it into place on success, in one step.

    Parameters
    ----------
    path : str or Path
        File to write or to replace.

    Yields
    ------
    Path
        File to write to.

    Raises
    ------
    BadInputError
        If the folder does not exist or is not writable.
    TutelageError
        If the system cannot write (disk full, no permission). The old file is then unchanged.
    """
    path = require_writable_parent(path)
    beside = _name_beside(path, "part")
    try:
        yield beside
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise TutelageError(
            f"could not write {path}: {error.strerror or error}; what was there is unchanged"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Fill a folder beside `path` and move it into place on success; the old one is removed last.

    Parameters
    ----------
    path : str or Path
        Folder to write or to replace.

    Yields
    ------
    Path
        Empty folder to fill.

    Raises
    ------
    BadInputError
        If the parent folder does not exist or is not writable.
    TutelageError
        If the system cannot write. The old folder is then unchanged.
    """
    path = require_writable_parent(path)
    beside = _name_beside(path, "part")
    old = _name_beside(path, "old")
    try:
        beside.mkdir()
        yield beside
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(beside, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
    except OSError as error:
        raise TutelageError(
            f"could not write {path}: {error.strerror or error}; what was there is unchanged"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
