"""Which reference points are learnt and which are asked about: nested parts of whole points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.evaluation.compare.held_out import folds

__all__ = ["SHARES", "Repetition", "repetitions"]

SHARES = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
"""Sizes of a learning curve, as shares of the reference points that are not held out."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """One drawing of reference points.

    Parameters
    ----------
    held : [n_held] points that are asked about and never learnt
    order : [n_points - n_held] all others; a part learns the first of them, and so holds every smaller part
    """

    held: np.ndarray
    order: np.ndarray

    def part(self, share: float) -> np.ndarray:
        """The points that are learnt at one of `SHARES`."""
        return self.order[: round(share * len(self.order))]


def repetitions(n_points: int, *, n_folds: int, n_rounds: int, seed: int) -> list[Repetition]:
    """Rounds, each of which divides the points anew into folds that are held out in turn.

    Returns
    -------
    n_rounds * n_folds repetitions; each point is held out once a round.
    """
    rng = np.random.default_rng(seed)
    return [
        Repetition(held, rng.permutation(others))
        for _ in range(n_rounds)
        for others, held in folds(n_points, n_folds, rng)
    ]
