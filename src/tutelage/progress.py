"""What is shown on standard error while work goes on; nothing unless that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import track

__all__ = ["blocks", "steps"]


def blocks(n: int, size: int, words: str, *, progress: bool) -> Iterator[slice]:
    """Slices of at most `size` rows that cover n, with a bar where there are several; one if n is 0."""
    starts: Iterable[int] = range(0, max(n, 1), size)
    if progress and n > size:  # a bar costs as much as a position
        console = Console(stderr=True)
        starts = track(starts, words, console=console, disable=not console.is_terminal, transient=True)
    for first in starts:
        yield slice(first, first + size)


@contextmanager
def steps(*, progress: bool) -> Iterator[Callable[[str], None]]:
    """A function that is told, before each step, what it is."""
    console = Console(stderr=True)
    if not progress or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield status.update
