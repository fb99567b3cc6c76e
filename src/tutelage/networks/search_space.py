"""The settings that a search may try, described without the library that searches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

__all__ = ["Choice", "SearchSpace", "Suggest"]

Choice = TypeVar("Choice")


class Suggest(Protocol):
    """Asks the search for a value; an Optuna trial is one."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Ask for a whole number.

        Parameters
        ----------
        name : str
            Name of the value in the search.
        low, high : int
            Limits, both included.
        step : int, default 1
            Distance between the values to try.
        log : bool, default False
            Whether to try values evenly on a logarithmic scale.

        Returns
        -------
        int
            A value to try.
        """

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Ask for a number.

        Parameters
        ----------
        name : str
            Name of the value in the search.
        low, high : float
            Limits, both included.
        step : float, optional
            Distance between the values to try; by default any value may be tried.
        log : bool, default False
            Whether to try values evenly on a logarithmic scale.

        Returns
        -------
        float
            A value to try.
        """

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Choice:
        """Ask for one of several values.

        Parameters
        ----------
        name : str
            Name of the value in the search.
        choices : sequence
            Values to try.

        Returns
        -------
        Choice
            One of `choices`.
        """


SearchSpace: TypeAlias = Callable[[Suggest], dict[str, Any]]
"""A function that asks a search for values and returns the settings to try."""
