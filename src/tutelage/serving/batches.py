"""Work of many requests, done together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from tutelage.errors import BadInputError, TutelageError

__all__ = ["Batches", "TooBusyError"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class TooBusyError(TutelageError):
    """More work is waiting than the service may keep."""


class _Waiting(NamedTuple, Generic[Item, Result]):
    items: Sequence[Item]
    done: asyncio.Future[list[Result]]


class Batches(Generic[Item, Result]):
    """Hands the items of all requests that wait to one function, many of them in a thread of its own.

    A batch costs little more than one item, so the service keeps up when many ask at once.

    Parameters
    ----------
    handle : callable
        Takes a list of items and returns one result for each.
    largest : int
        Most items in a batch; the items of one request stay together.
    most_waiting : int
        Items that may wait.
    inline : int, default 0
        Batches of at most so many items are handled in the event loop: to wait for another thread takes
        longer.
    """

    def __init__(
        self,
        handle: Callable[[list[Item]], list[Result]],
        *,
        largest: int,
        most_waiting: int,
        inline: int = 0,
    ) -> None:
        self._handle = handle
        self._largest = largest
        self._inline = inline
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._n_waiting = 0
        self._is_woken = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._task: asyncio.Task[None] | None = None

    @property
    def n_waiting(self) -> int:
        """Number of items that wait."""
        return self._n_waiting

    async def submit(self, items: Sequence[Item]) -> list[Result]:
        """Have items handled.

        Parameters
        ----------
        items : sequence
            Items of one request.

        Returns
        -------
        list
            One result for each.

        Raises
        ------
        TooBusyError
            If too many items wait already.
        """
        if not items:
            return []
        if self._n_waiting and self._n_waiting + len(items) > self._most_waiting:
            raise TooBusyError(f"{self._n_waiting} items are waiting; try again in a second")
        done: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(items, done))
        self._n_waiting += len(items)
        self._is_woken.set()
        return await done

    def start(self) -> None:
        """Begin to handle items; to be called in the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Handle what waits, then end."""
        while self._waiting:
            await asyncio.sleep(0.01)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            await self._is_woken.wait()
            self._is_woken.clear()
            while self._waiting:
                batch = self._take()
                try:
                    await self._handle_together(batch)
                except BadInputError:  # of one request, which must not fail the others
                    for waiting in batch:
                        await self._handle_alone(waiting)
                except Exception as error:  # each request reports it
                    _fail(batch, error)

    async def _handle_alone(self, waiting: _Waiting[Item, Result]) -> None:
        try:
            await self._handle_together([waiting])
        except Exception as error:  # its request reports it
            _fail([waiting], error)

    async def _handle_together(self, batch: list[_Waiting[Item, Result]]) -> None:
        items = [item for waiting in batch for item in waiting.items]
        if len(items) <= self._inline:
            _answer(batch, self._handle(items))
            return
        loop = asyncio.get_running_loop()
        _answer(batch, await loop.run_in_executor(self._thread, self._handle, items))

    def _take(self) -> list[_Waiting[Item, Result]]:
        """Take the requests that fit in a batch, at least one."""
        batch = [self._waiting.popleft()]
        n = len(batch[0].items)
        while self._waiting and n + len(self._waiting[0].items) <= self._largest:
            batch.append(self._waiting.popleft())
            n += len(batch[-1].items)
        self._n_waiting -= n
        return batch


def _answer(batch: list[_Waiting[Item, Result]], results: list[Result]) -> None:
    first = 0
    for items, done in batch:
        if not done.done():  # a client that has left is not waiting
            done.set_result(results[first : first + len(items)])
        first += len(items)


def _fail(batch: list[_Waiting[Item, Result]], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
