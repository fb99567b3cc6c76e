"""The learning curve of a matcher: how it did on each round of exercises before it learnt them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from tutelage.training.state import TrainState

__all__ = ["LearningCurve"]


class LearningCurve:
    """Errors on exercises that are new to the matcher, beside those of a plain mean.

    Each round has a radio map of its own, and asks about points that are off that map. Its first pass is
    measured before it is learnt, so the curve costs no scans. Half of the maps are thinned, and errors there
    are larger; so each is divided by that of the mean of the five nearest candidates.

    Parameters
    ----------
    steps_per_pass : int
        Updates in which a round is learnt once.
    passes : int
        Times that a round is learnt.
    """

    def __init__(self, steps_per_pass: int, passes: int) -> None:
        self._steps_per_pass = steps_per_pass
        self._steps_per_round = steps_per_pass * passes
        self._sums: dict[int, list[Tensor]] = {}

    def note(self, state: TrainState, terms: Mapping[str, Tensor]) -> None:
        """Add an update's error to its round, if it was on the first pass; a hook of the training.

        Parameters
        ----------
        state : TrainState
            After the update.
        terms : mapping
            The error first (`J_MAE` or `J_place`), and `nearest`, that of the plain mean.
        """
        number, place = divmod(state.step - 1, self._steps_per_round)
        if place >= self._steps_per_pass:
            return
        error = next(iter(terms.values()))
        sums = self._sums.setdefault(number, [error.new_zeros(()), error.new_zeros(())])
        sums[0] += error
        sums[1] += terms["nearest"]

    def ratios(self) -> tuple[float, ...]:
        """Give for each round the error beside that of the plain mean; 1 is no better.

        A training that was resumed has the rounds since then.
        """
        return tuple(round(float(own / nearest), 4) for own, nearest in self._sums.values() if nearest > 0)
