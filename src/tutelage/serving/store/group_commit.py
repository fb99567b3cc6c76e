"""One commit of SQLite for what several threads write at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection

from tutelage.serving.store.database import Database

__all__ = ["GroupCommit"]

Work = TypeVar("Work")


@dataclass(eq=False)
class _Waiting(Generic[Work]):
    work: Work
    n_new: int | None = None  # None until it is on the disk


class GroupCommit(Generic[Work]):
    """Writes of threads that come while a commit goes on, in one transaction after it.

    Nearly all the time of a small write is the wait for the disk, and ten writes wait no longer than one.
    PostgreSQL does the same by itself, for all its clients; there each thread has a transaction of its own.

    Parameters
    ----------
    database : Database
        The store's.
    write : callable
        Takes a connection and the work of several threads, and returns the number of new rows of each.
    """

    def __init__(
        self, database: Database, write: Callable[[Connection, Sequence[Work]], Sequence[int]]
    ) -> None:
        self._database = database
        self._write = write
        self._waiting: deque[_Waiting[Work]] = deque()
        self._turn = Lock()

    def run(self, work: Work) -> int:
        """Write, and return when it is on the disk.

        Parameters
        ----------
        work : of the kind that `write` takes
            What to write.

        Returns
        -------
        int
            Number of new rows.

        Raises
        ------
        BadInputError, StoreUnavailableError
            As of `Database.writing`. The work of another thread is no reason.
        """
        own: _Waiting[Work] = _Waiting(work)
        if self._database.has_one_writer:
            self._commit_at_turn(own)
        else:
            self._commit([own])
        assert own.n_new is not None
        return own.n_new

    def _commit_at_turn(self, own: _Waiting[Work]) -> None:
        self._waiting.append(own)
        with self._turn:
            if own.n_new is None:
                self._commit_with_others(own)

    def _commit_with_others(self, own: _Waiting[Work]) -> None:
        others = [each for each in self._taken() if each is not own]
        try:
            self._commit([own, *others])
        except Exception:
            if not others:
                raise
            self._commit([own])  # the fault may be in another's work; the others do the same at their turn

    def _taken(self) -> list[_Waiting[Work]]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _commit(self, together: Sequence[_Waiting[Work]]) -> None:
        with self._database.writing() as connection:
            numbers = self._write(connection, [each.work for each in together])
        for each, n_new in zip(together, numbers, strict=True):
            each.n_new = n_new
