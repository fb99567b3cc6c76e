"""What a network that can be searched says of its settings, without naming the library that searches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

__all__ = ["SearchSpace", "Suggest"]

Choice = TypeVar("Choice")


class Suggest(Protocol):
    """Asks the search for a value; an Optuna trial is one."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number from `low` to `high`."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number from `low` to `high`."""

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Choice:
        """One of `choices`."""


SearchSpace: TypeAlias = Callable[[Suggest], dict[str, Any]]
"""Settings to try, each asked of the search under a name of its own."""
