"""Writing so that nothing is ever half written: beside first, then moved into place."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pooch
from filelock import FileLock, Timeout

from tutelage.errors import BadInputError, TutelageError

__all__ = ["cache_dir", "held_alone", "replaced_file", "replaced_folder", "require_writable_parent"]


def cache_dir() -> Path:
    """Folder for what can be made again: TUTELAGE_CACHE, else the system's place for caches."""
    return Path(os.environ.get("TUTELAGE_CACHE") or pooch.os_cache("tutelage"))


def _name_beside(path: Path, purpose: str) -> Path:
    return path.with_name(f".{path.name}.{purpose}-{uuid.uuid4().hex[:8]}")


def require_writable_parent(path: str | Path) -> Path:
    """The path, once its folder is known to exist and to be writable.

    Called before long work starts, so that a bad `--out` costs nothing.
    """
    path = Path(path)
    parent = path.absolute().parent
    if not parent.is_dir():
        raise BadInputError(f"cannot write {path}: the folder {parent} does not exist; create it first")
    if not os.access(parent, os.W_OK):
        raise BadInputError(f"cannot write {path}: no permission to write in {parent}")
    return path


@contextmanager
def held_alone(lock: Path, otherwise: str) -> Iterator[None]:
    """Hold the file `lock`, which is there only meanwhile, so that no other process works on the same.

    Parameters
    ----------
    lock : its path; the folder exists
    otherwise : what to say if another process holds it

    Raises
    ------
    BadInputError
        If one does.
    """
    try:
        with FileLock(lock, timeout=0):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise BadInputError(otherwise) from error


@contextmanager
def replaced_file(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; on success it takes the place of `path` in one step.

    Raises
    ------
    TutelageError
        If the system cannot write (disk full, no permission). The old file is then untouched.
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
def replaced_folder(path: str | Path) -> Iterator[Path]:
    """The same for a folder: filled beside, swapped in, the old one removed last."""
    path = require_writable_parent(path)
    beside, old = _name_beside(path, "part"), _name_beside(path, "old")
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
