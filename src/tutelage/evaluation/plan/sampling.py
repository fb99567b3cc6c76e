"""Samples of reference points for learning curves: nested parts to learn, and points to hold out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.evaluation.compare.held_out import folds

__all__ = ["SHARES", "Repetition", "repetitions"]

SHARES = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
"""Sizes of a learning curve, as shares of the reference points that are not held out."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """One sample of reference points.

    Parameters
    ----------
    held_out_points : ndarray
        Points that are located and never learnt [n_held_out].
    order : ndarray
        All other points [n_points - n_held_out]. A part learns the first of them, so it contains every
        smaller part.
    """

    held_out_points: np.ndarray
    order: np.ndarray

    def part(self, share: float) -> np.ndarray:
        """Select the points that one size learns.

        Parameters
        ----------
        share : float
            One of `SHARES`.

        Returns
        -------
        ndarray
            Points to learn.
        """
        return self.order[: round(share * len(self.order))]


def repetitions(n_points: int, *, n_folds: int, n_rounds: int, seed: int) -> list[Repetition]:
    """Draw samples in rounds; each round divides the points into folds and holds out one after another.

    Parameters
    ----------
    n_points : int
        Reference points.
    n_folds : int
        Folds of a round.
    n_rounds : int
        Rounds.
    seed : int
        Random seed.

    Returns
    -------
    list of Repetition
        n_rounds * n_folds samples; each point is held out once a round.
    """
    rng = np.random.default_rng(seed)
    return [
        Repetition(held_out_points, rng.permutation(others))
        for _ in range(n_rounds)
        for others, held_out_points in folds(n_points, n_folds, rng)
    ]
