"""Places: which room, zone or the like a scan was taken in, how likely, and which others are possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

__all__ = ["PlaceAnswers", "PlaceVotes", "columns_of"]

_DECIMALS = 4  # of a probability in a record


def columns_of(place: np.ndarray, name: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Look places up among sorted names.

    Parameters
    ----------
    place : numpy.ndarray
        Places, [n] str.
    name : numpy.ndarray
        Sorted names, [p] str, at least one.

    Returns
    -------
    column : numpy.ndarray
        Number of each place in `name`, [n] int; of no meaning for one that is not there.
    is_known : numpy.ndarray
        Whether it is there, [n] bool.
    """
    column = np.minimum(np.searchsorted(name, place), len(name) - 1)
    return column, np.asarray(name[column] == place)


class PlaceVotes(NamedTuple):
    """How a method divides each scan among the places that it knows.

    Attributes
    ----------
    name : numpy.ndarray
        Sorted names of the p places, [p] str.
    share : numpy.ndarray
        Share of each place in the answer to each scan, [n, p]; a row sums to 1, or is 0 where nothing that
        the method found names a place.
    """

    name: np.ndarray
    share: np.ndarray

    @classmethod
    def join(cls, parts: Sequence[PlaceVotes | None]) -> PlaceVotes | None:
        """Join votes of one method, in order.

        Parameters
        ----------
        parts : sequence of PlaceVotes or None
            Votes on consecutive scans.

        Returns
        -------
        PlaceVotes or None
            Votes on all scans; None if a part has none.
        """
        votes = [part for part in parts if part is not None]
        if not votes or len(votes) < len(parts):
            return None
        return cls(votes[0].name, np.concatenate([part.share for part in votes]))

    def mixed_with(self, other: PlaceVotes, share: float) -> PlaceVotes:
        """Return the weighted mean of two votes on the same places.

        Parameters
        ----------
        other : PlaceVotes
            Votes of another method on the same n scans.
        share : float
            Weight of the other votes, from 0 to 1.

        Returns
        -------
        PlaceVotes
            The mean.
        """
        return PlaceVotes(self.name, (1 - share) * self.share + share * other.share)


@dataclass(frozen=True, eq=False)
class PlaceAnswers:
    """The place of each scan.

    Parameters
    ----------
    name : numpy.ndarray
        Sorted names of the p places that the model knows, [p] str.
    best : numpy.ndarray
        Likeliest place of each scan, [n] str; "" where there is no answer.
    probability : numpy.ndarray, optional
        Probability of each place, [n, p]; NaN where there is no answer. None if the model is not calibrated.
    in_set : numpy.ndarray, optional
        Which places the set of each scan holds, [n, p] bool. The set is made to hold the true place of a
        chosen share of the scans. None if the model is not calibrated.

    Examples
    --------
    >>> import numpy as np
    >>> votes = PlaceVotes(np.array(["hall", "kitchen"]), np.array([[0.25, 0.75]]))
    >>> PlaceAnswers.of(votes).best.tolist()
    ['kitchen']
    """

    name: np.ndarray
    best: np.ndarray
    probability: np.ndarray | None = None
    in_set: np.ndarray | None = None

    @classmethod
    def of(cls, votes: PlaceVotes) -> PlaceAnswers:
        """Choose the place with the largest share.

        Parameters
        ----------
        votes : PlaceVotes
            Votes on n scans.

        Returns
        -------
        PlaceAnswers
            Without probabilities and sets.
        """
        has_votes = votes.share.any(axis=1)
        best = np.where(has_votes, votes.name[votes.share.argmax(axis=1)], "")
        return cls(votes.name, best.astype(votes.name.dtype))

    def __len__(self) -> int:
        """Return the number of scans."""
        return len(self.best)

    def __getitem__(self, rows: Any) -> PlaceAnswers:
        """Select scans by a slice, an index array or a mask."""
        return replace(
            self,
            best=self.best[rows],
            probability=None if self.probability is None else self.probability[rows],
            in_set=None if self.in_set is None else self.in_set[rows],
        )

    @property
    def best_probability(self) -> np.ndarray:
        """Probability of the likeliest place, [n]; NaN without an answer or a calibration."""
        if self.probability is None:
            return np.full(len(self), np.nan)
        column, is_known = columns_of(self.best, self.name)
        return np.where(is_known, self.probability[np.arange(len(self)), column], np.nan)

    @property
    def set_size(self) -> np.ndarray:
        """Number of places in each set, [n]; 0 without an answer or a calibration."""
        return np.zeros(len(self), dtype=int) if self.in_set is None else self.in_set.sum(axis=1)

    def holds(self, place: np.ndarray) -> np.ndarray:
        """Tell whether each set holds a place.

        Parameters
        ----------
        place : numpy.ndarray
            One place for each scan, [n] str.

        Returns
        -------
        numpy.ndarray
            [n] bool; False for a place that the model does not know.
        """
        if self.in_set is None:
            return np.zeros(len(self), dtype=bool)
        column, is_known = columns_of(place, self.name)
        return np.asarray(self.in_set[np.arange(len(self)), column] & is_known)

    def spread(self, answered: np.ndarray) -> PlaceAnswers:
        """Return a row for every scan from those of the answered ones.

        Parameters
        ----------
        answered : numpy.ndarray
            Which scans the rows belong to, [m] bool.

        Returns
        -------
        PlaceAnswers
            Answers to m scans.
        """
        p = len(self.name)
        best = np.full(len(answered), "", dtype=self.name.dtype)
        best[answered] = self.best
        if self.probability is None or self.in_set is None:
            return PlaceAnswers(self.name, best)
        probability = np.full((len(answered), p), np.nan)
        probability[answered] = self.probability
        in_set = np.zeros((len(answered), p), dtype=bool)
        in_set[answered] = self.in_set
        return PlaceAnswers(self.name, best, probability, in_set)

    def without(self, refused: np.ndarray) -> PlaceAnswers:
        """Take the answers to some scans away.

        Parameters
        ----------
        refused : numpy.ndarray
            Which scans, [n] bool.

        Returns
        -------
        PlaceAnswers
            The same scans.
        """
        return self[~refused].spread(~refused)

    @classmethod
    def join(cls, parts: Sequence[PlaceAnswers | None]) -> PlaceAnswers | None:
        """Join answers of several models, in order; a place that a model does not know is impossible in its.

        Parameters
        ----------
        parts : sequence of PlaceAnswers or None
            Answers to join.

        Returns
        -------
        PlaceAnswers or None
            All answers; None if a part has none.
        """
        answers = [part for part in parts if part is not None]
        if not answers or len(answers) < len(parts):
            return None
        name = np.unique(np.concatenate([part.name for part in answers]))
        answers = [part._among(name) for part in answers]

        def whole(arrays: list[np.ndarray | None]) -> np.ndarray | None:
            known = [array for array in arrays if array is not None]
            return np.concatenate(known) if len(known) == len(arrays) else None

        return cls(
            name,
            np.concatenate([part.best for part in answers]),
            whole([part.probability for part in answers]),
            whole([part.in_set for part in answers]),
        )

    def _among(self, name: np.ndarray) -> PlaceAnswers:
        """Return the same answers among more places, [q] str, sorted."""
        column = np.searchsorted(name, self.name)
        probability = in_set = None
        if self.probability is not None:
            probability = np.where(np.isnan(self.probability[:, :1]), np.nan, np.zeros(len(name)))
            probability[:, column] = self.probability
        if self.in_set is not None:
            in_set = np.zeros((len(self), len(name)), dtype=bool)
            in_set[:, column] = self.in_set
        return PlaceAnswers(name, self.best, probability, in_set)

    def records(self) -> list[dict[str, Any]]:
        """Return the place of each scan for JSON or CSV.

        Returns
        -------
        list of dict
            `place` (None without an answer), `place_probability` (None without a calibration) and `place_set`
            (a list, the likeliest place first).
        """
        probability = self.best_probability
        return [
            {
                "place": str(self.best[i]) or None,
                "place_probability": None
                if np.isnan(probability[i])
                else round(float(probability[i]), _DECIMALS),
                "place_set": self._set_of(i),
            }
            for i in range(len(self))
        ]

    def _set_of(self, row: int) -> list[str]:
        if self.in_set is None or self.probability is None:
            return []
        members = np.flatnonzero(self.in_set[row])
        order = np.argsort(-self.probability[row, members], kind="stable")
        return [str(name) for name in self.name[members[order]]]
