"""Named places by hits: which rooms a model mistakes, for which others, and where more scans would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tutelage.data.place_blocks import are_few
from tutelage.evaluation.label_hits import LabelHits

__all__ = ["NamedPlaces", "named_places"]


@dataclass(frozen=True, eq=False)
class NamedPlaces:
    """The p named places of a survey, with answers of models that had not learnt the scans.

    Parameters
    ----------
    name : ndarray
        Sorted names [p] str.
    n_scans : ndarray
        Scans of each place [p].
    hits : LabelHits
        Answered places of held-out scans beside the true ones.
    hit : ndarray
        Share of right answers at each place [p], 0 to 1; NaN where no scan could be held out.
    taken_for : ndarray
        The place that it is most often mistaken for [p] str; "" where every answer is right.
    taken_share : ndarray
        Share of the answers at each place that name `taken_for` [p].
    few : ndarray
        Whether a place has less than a third of the scans that half of the places have [p] bool.
    need : ndarray
        Share of wrong answers, drawn towards a half where there are few [p], by which places are sorted.
    first : ndarray
        Numbers of the places where more scans would help most, the neediest first. Places without a wrong
        answer are there only if they have few scans.
    """

    name: np.ndarray
    n_scans: np.ndarray
    hits: LabelHits
    hit: np.ndarray
    taken_for: np.ndarray
    taken_share: np.ndarray
    few: np.ndarray
    need: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        """Count the places."""
        return len(self.name)

    def record(self, place: int) -> dict[str, Any]:
        """Turn a place into plain figures, for JSON.

        Parameters
        ----------
        place : int
            Number of the place.

        Returns
        -------
        dict
            Figures by name, None where there is nothing to say.
        """
        taken_for = str(self.taken_for[place]) or None
        return {
            "place": str(self.name[place]),
            "n_scans": int(self.n_scans[place]),
            "few_scans": bool(self.few[place]),
            "hit": None if np.isnan(self.hit[place]) else round(float(self.hit[place]), 4),
            "taken_for": taken_for,
            "taken_for_share": taken_for and round(float(self.taken_share[place]), 4),
        }


def named_places(place: np.ndarray, hits: LabelHits, n_first: int = 10) -> NamedPlaces:
    """Count hits and confusions, and find the places that need scans most.

    Parameters
    ----------
    place : ndarray
        Place of each scan of the survey [n] str.
    hits : LabelHits
        Answered places of held-out scans beside the true ones.
    n_first : int, default 10
        Places to list.

    Returns
    -------
    NamedPlaces
        All places.
    """
    name, n_scans = np.unique(place, return_counts=True)
    known, count = hits.confusion()
    row = np.searchsorted(known, name)
    is_asked = np.isin(name, known)
    answers = np.where(is_asked[:, None], count[np.minimum(row, len(known) - 1)], 0)
    n_asked = answers.sum(axis=1)
    is_own = known == name[:, None]
    n_right = np.where(is_own, answers, 0).sum(axis=1)
    mistaken = np.where(is_own, 0, answers)
    n_taken = mistaken.max(axis=1)
    hit = np.where(n_asked > 0, n_right / np.maximum(n_asked, 1), np.nan)
    few = are_few(n_scans)
    need = (n_asked - n_right + 1) / (n_asked + 2)
    is_needy = few | (n_right < n_asked) | (n_asked == 0)
    neediest = np.argsort(-need, kind="stable")
    return NamedPlaces(
        name,
        n_scans,
        hits,
        hit,
        np.where(n_taken > 0, known[mistaken.argmax(axis=1)], ""),
        n_taken / np.maximum(n_asked, 1),
        few,
        need,
        neediest[is_needy[neediest]][:n_first],
    )
