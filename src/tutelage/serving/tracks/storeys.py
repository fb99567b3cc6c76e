"""On which floor a device is: another floor must be named several times in a row."""

from __future__ import annotations

from typing import NamedTuple

from tutelage.serving.answers import Answer

__all__ = ["Storey", "StoreyStreak"]


class Storey(NamedTuple):
    """A floor of a building, in the coordinates of one model.

    Attributes
    ----------
    model : str or None
        Name of the model.
    epsg : int or None
        System of its coordinates.
    building, floor : str or None
        Labels of the survey.
    """

    model: str | None
    epsg: int | None
    building: str | None
    floor: str | None

    @classmethod
    def of(cls, answer: Answer) -> Storey:
        """Return the storey that an answer names."""
        return cls(answer.model, answer.epsg, answer.building, answer.floor)

    def shares_coordinates(self, other: Storey) -> bool:
        """Return whether positions on both can be compared."""
        return (self.model, self.epsg) == (other.model, other.epsg)

    def shares_building(self, other: Storey) -> bool:
        """Return whether both are floors of one building."""
        return self.shares_coordinates(other) and self.building == other.building

    def __str__(self) -> str:
        """Return what tells it from others, in words."""
        floor = "no floor" if self.floor is None else f"floor {self.floor}"
        return f"{floor} of {self.building}" if self.building else floor


class StoreyStreak:
    """A storey that changes only after answers in a row that name the same other one.

    Parameters
    ----------
    storey : Storey
        The first one.
    length : int
        Number of answers in a row.
    """

    def __init__(self, storey: Storey, length: int) -> None:
        self.storey = storey
        self._length = length
        self._other = storey
        self._streak = 0

    def update(self, named: Storey) -> str:
        """Take in which storey an answer names.

        Parameters
        ----------
        named : Storey
            The storey.

        Returns
        -------
        str
            Why the storey changed, or did not though the answer names another; "" otherwise.
        """
        if named == self.storey:
            self._streak = 0
            return ""
        self._streak = self._streak + 1 if named == self._other else 1
        self._other = named
        model = "" if named.model == self.storey.model else f" by model {named.model}"
        if self._streak < self._length:
            return f"{self.storey} kept: {named}{model} {self._streak} of {self._length} times in a row"
        self.storey = named
        self._streak = 0
        return f"{named}{model}: {self._length} times in a row"
