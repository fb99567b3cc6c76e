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
from tutelage.files.atomic import held_alone, require_writable_parent

__all__ = ["Tried", "finished_trials", "opened_study", "tried_in"]

_NAME = "tutelage"
_IDENTITY = "search"
_BEFORE_PRUNING = 5  # trials trained to the end, before one is judged by their median
_SECONDS_TO_WAIT = 30.0


def finished_trials(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Trials that need not be run again: trained to the end, stopped early, or refused."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


class Tried(NamedTuple):
    """A trial that need not be run again."""

    settings: dict[str, Any]
    """What was asked of it, by name."""
    error_m: float | None
    """Its error on held-out reference points; None if it did not come to an end."""

    @property
    def ended(self) -> str:
        """How: "complete", or "stopped early" (which includes what was refused)."""
        return "stopped early" if self.error_m is None else "complete"


def tried_in(file: str | Path) -> list[Tried]:
    """The finished trials of a study file, in order. Errors as of `opened_study`."""
    with opened_study(file) as study:
        return [
            Tried(dict(trial.params), trial.value if trial.state == TrialState.COMPLETE else None)
            for trial in finished_trials(study)
        ]


@contextmanager
def opened_study(
    file: str | Path | None, identity: Mapping[str, Any] | None = None
) -> Iterator[optuna.Study]:
    """The study in `file`, made where there is none, and used by no other process meanwhile.

    A trial that a stop or a kill cut short counts as failed; it left nothing that a later one builds on.

    Parameters
    ----------
    file : SQLite file, None for a study in memory
    identity : what the search depends on; None takes the study as it is

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
        alone = held_alone(
            path.with_name(f".{path.name}.lock"),
            f"another process searches in {path}; wait for it, or name another --study",
        )
        with alone, _readable(path):
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
    """Without Optuna's own messages: a line for every trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
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
    differing = [name for name in identity | theirs if identity.get(name) != theirs.get(name)]
    if differing:
        name = differing[0]
        raise BadInputError(
            f"the study {path} belongs to another search: {name} was {theirs.get(name)!r}, "
            f"now {identity.get(name)!r}; give the same command, or name another --study"
        )
