"""The study file: an SQLite database that outlives a stop, a kill and the next command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import MedianPruner
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from tutelage.errors import BadInputError, FileFormatError, TutelageError
from tutelage.files.atomic import exclusive_lock, require_writable_parent

__all__ = ["TrialRecord", "finished_trials", "open_study", "study_trials"]

_NAME = "tutelage"
_IDENTITY = "search"
_BEFORE_PRUNING = 5  # trials trained to the end, before one is judged by their median
_SECONDS_TO_WAIT = 30.0


def finished_trials(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """List the trials that need not run again: trained to the end, stopped early, or refused.

    Parameters
    ----------
    study : optuna.Study
    """
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


class TrialRecord(NamedTuple):
    """A trial that need not run again."""

    settings: dict[str, Any]
    """Its settings by name."""
    error_m: float | None
    """Its error on held-out reference points in metres; None if it was stopped or refused."""

    @property
    def ended(self) -> str:
        """How it ended: "complete", or "stopped early", as is also said of a refused one."""
        return "stopped early" if self.error_m is None else "complete"


def study_trials(file: str | Path) -> list[TrialRecord]:
    """Read the finished trials of a study file, in order.

    Parameters
    ----------
    file : path

    Raises
    ------
    BadInputError, FileFormatError, TutelageError
        See `open_study`.
    """
    with open_study(file) as study:
        return [
            TrialRecord(dict(trial.params), trial.value if trial.state == TrialState.COMPLETE else None)
            for trial in finished_trials(study)
        ]


@contextmanager
def open_study(file: str | Path | None, identity: Mapping[str, Any] | None = None) -> Iterator[optuna.Study]:
    """Open the study in a file, or make it, and keep other processes out meanwhile.

    A trial that a stop or a kill cut short counts as failed; a later one does not build on it.

    Parameters
    ----------
    file : path or None
        SQLite file; None keeps the study in memory.
    identity : mapping, optional
        Everything that the search depends on. None takes the study as it is.

    Yields
    ------
    optuna.Study

    Raises
    ------
    BadInputError
        If the file belongs to another search, or another process uses it.
    FileFormatError
        If it is damaged or no study.
    TutelageError
        If the system cannot read or write it.
    """
    with _quiet():
        if file is None:
            yield _study(InMemoryStorage())
            return
        path = require_writable_parent(file)
        lock = exclusive_lock(
            path.with_name(f".{path.name}.lock"),
            f"another process searches in {path}; wait for it, or name another --study",
        )
        with lock, _translated_errors(path):
            _require_study_or_nothing(path)
            storage = _storage(path)
            try:
                study = _study(storage)
                if identity is not None:
                    _require_same_search(study, path, json.loads(json.dumps(identity)))
                for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                    study.tell(trial.number, state=TrialState.FAIL)
                yield study
            finally:
                storage.remove_session()
                storage.engine.dispose()


def _study(storage: BaseStorage) -> optuna.Study:
    pruner = MedianPruner(n_startup_trials=_BEFORE_PRUNING)
    return optuna.create_study(study_name=_NAME, storage=storage, pruner=pruner, load_if_exists=True)


def _storage(path: Path) -> RDBStorage:
    # A URL would need escapes for "?", "%" and, as a template of Optuna's, for "{".
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=_SECONDS_TO_WAIT, check_same_thread=False)

    try:
        return RDBStorage("sqlite://", engine_kwargs={"creator": connect, "poolclass": NullPool})
    except RuntimeError as error:  # what Optuna says of tables of another version
        raise FileFormatError(
            f"{path} was made by another version of Optuna; name another --study"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Optuna's own messages: it writes a line for every trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def _translated_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise FileFormatError(f"{path} is no study, or is damaged: {error}; name another --study") from error
    except (SQLAlchemyError, StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise TutelageError(
            f"the study {path} could not be read or written: {reason}; finished trials are kept"
        ) from error


def _require_study_or_nothing(path: Path) -> None:
    if not path.exists():
        return
    if path.is_dir():
        raise BadInputError(f"{path} is a folder; name a file for the study")
    with closing(sqlite3.connect(path, timeout=_SECONDS_TO_WAIT)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        names = connection.execute("SELECT study_name FROM studies").fetchall() if "studies" in tables else []
    if (tables and "studies" not in tables) or any(name != _NAME for (name,) in names):
        raise BadInputError(f"{path} holds other data than a search of tutelage; name another --study")


def _require_same_search(study: optuna.Study, path: Path, identity: dict[str, Any]) -> None:
    theirs = study.user_attrs.get(_IDENTITY)
    if theirs is None:
        study.set_user_attr(_IDENTITY, identity)
        return
    differences = [name for name in identity | theirs if identity.get(name) != theirs.get(name)]
    if differences:
        name = differences[0]
        raise BadInputError(
            f"the study {path} belongs to another search: {name} was {theirs.get(name)!r}, "
            f"now {identity.get(name)!r}; give the same command, or name another --study"
        )
