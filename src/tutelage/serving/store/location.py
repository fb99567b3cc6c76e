"""Where a store is: a file of SQLite, or a database of PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tutelage.errors import BadInputError, missing_package_message
from tutelage.files.atomic import data_dir

__all__ = ["default_store_url", "models_folder", "store_url"]

_ALLOWED = "a file such as tutelage.db, sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE"


def default_store_url() -> str:
    """Return TUTELAGE_STORE, else the file `tutelage.db` in the user's data folder, which is made.

    The folder is the same wherever a command is started, so `tutelage keys` finds the store of the service.

    Returns
    -------
    str
        What `Store.open` takes.
    """
    if given := os.environ.get("TUTELAGE_STORE"):
        return given
    folder = data_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(folder / "tutelage.db")


def models_folder(given: str) -> Path:
    """Return where models are written that are learnt from a store's surveys.

    Parameters
    ----------
    given : str
        Place of the store, as `Store.open` takes it.

    Returns
    -------
    Path
        A folder beside a file of SQLite; one in the user's data folder for PostgreSQL.
    """
    url = store_url(given)
    if url.drivername == "sqlite":
        return Path(f"{url.database}.models").absolute()
    return data_dir() / "models"


def store_url(given: str, *, make: bool = True) -> URL:
    """Read what the user wrote as the place of a store.

    Parameters
    ----------
    given : str
        Path of a file, or a URL.
    make : bool, default True
        Whether the file may be missing.

    Returns
    -------
    URL
        With the driver that is used.

    Raises
    ------
    BadInputError
        If it is neither, if the file is missing or its folder, or if the driver is not installed.
    """
    try:
        url = make_url(given) if "://" in given else URL.create("sqlite", database=given)
    except (ArgumentError, ValueError) as error:
        raise BadInputError(f"cannot read the place of the store. Allowed: {_ALLOWED}") from error
    if url.drivername == "sqlite":
        return _file(url, make)
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return _with_driver(url)
    raise BadInputError(f"a store cannot be on {url.drivername!r}. Allowed: {_ALLOWED}")


def _file(url: URL, make: bool) -> URL:
    path = Path(url.database or "")
    if url.database in (None, "", ":memory:"):
        raise BadInputError(f"a store on SQLite needs a file. Allowed: {_ALLOWED}")
    if path.is_dir() or not path.absolute().parent.is_dir():
        reason = "it is a folder" if path.is_dir() else f"the folder {path.absolute().parent} does not exist"
        raise BadInputError(f"cannot open the store {path}: {reason}")
    if not make and not path.exists():
        raise BadInputError(
            f"there is no store {path}: name that of the service, by --store or TUTELAGE_STORE"
        )
    return url


def _with_driver(url: URL) -> URL:
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError as error:
        raise BadInputError(missing_package_message("a store on PostgreSQL", error) or str(error)) from error
    return url.set(drivername="postgresql+psycopg")
