"""Progress on standard error: bars and status lines, shown only on a terminal, where Rich is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["blocks", "counted", "progress_bar", "steps"]

T = TypeVar("T")


def _on_terminal() -> bool:
    """Return whether standard error is a terminal; elsewhere a bar leaves nothing but blank lines."""
    from rich.console import Console

    return Console(stderr=True).is_terminal


def progress_bar(items: Sequence[T], words: str, *, progress: bool) -> Iterable[T]:
    """Iterate over items and show a bar, which disappears at the end.

    Parameters
    ----------
    items : sequence
        Items to iterate over.
    words : str
        Text beside the bar.
    progress : bool
        Whether to show the bar at all.

    Returns
    -------
    iterable
        The same items in the same order.
    """
    if not progress or not _on_terminal():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, words, console=Console(stderr=True), transient=True)


def counted(items: Iterable[T], n: int, words: str, *, progress: bool) -> Iterable[T]:
    """Iterate over items that are made one by one, and show a bar with the time left if there are several.

    Parameters
    ----------
    items : iterable
        Items to iterate over.
    n : int
        Their number, at most.
    words : str
        Text beside the bar.
    progress : bool
        Whether to show the bar at all.

    Returns
    -------
    iterable
        The same items in the same order.
    """
    if not progress or n < 2 or not _on_terminal():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, words, total=n, console=Console(stderr=True), transient=True)


def blocks(n: int, size: int, words: str, *, progress: bool) -> Iterator[slice]:
    """Cut a range of rows into slices and show a bar if there are several.

    Parameters
    ----------
    n : int
        Number of rows.
    size : int
        Rows of a slice, at most.
    words : str
        Text beside the bar.
    progress : bool
        Whether to show the bar at all.

    Yields
    ------
    slice
        Consecutive rows; one empty slice if `n` is 0.
    """
    starts = range(0, max(n, 1), size)
    # A bar costs as much as a position.
    for first in progress_bar(starts, words, progress=True) if progress and n > size else starts:
        yield slice(first, first + size)


@contextmanager
def steps(*, progress: bool) -> Iterator[Callable[[str], None]]:
    """Show which step of a longer task is running.

    Parameters
    ----------
    progress : bool
        Whether to show anything at all.

    Yields
    ------
    callable
        A function that takes the description of the next step and shows it.
    """
    if not progress or not _on_terminal():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update
