"""What is shown on standard error while work goes on; nothing unless that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import track

__all__ = ["blocks", "counted_off", "steps"]

T = TypeVar("T")


def _on_terminal() -> bool:
    """Whether standard error is one: elsewhere a bar leaves nothing but blank lines."""
    return Console(stderr=True).is_terminal


def counted_off(items: Sequence[T], words: str, *, progress: bool) -> Iterable[T]:
    """The items one after another, with a bar that goes when they end."""
    hidden = not progress or not _on_terminal()
    return track(items, words, console=Console(stderr=True), disable=hidden, transient=True)


def blocks(n: int, size: int, words: str, *, progress: bool) -> Iterator[slice]:
    """Slices of at most `size` rows that cover n, with a bar where there are several; one if n is 0."""
    starts = range(0, max(n, 1), size)
    # A bar costs as much as a position.
    for first in counted_off(starts, words, progress=True) if progress and n > size else starts:
        yield slice(first, first + size)


@contextmanager
def steps(*, progress: bool) -> Iterator[Callable[[str], None]]:
    """A function that is told, before each step, what it is."""
    if not progress or not _on_terminal():
        yield lambda _: None
        return
    with Console(stderr=True).status("") as status:
        yield status.update
