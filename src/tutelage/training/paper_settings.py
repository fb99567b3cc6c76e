"""What the paper sets for each data set (section 4.1): epochs and learning rate."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["epochs_in_paper", "learning_rate_in_paper"]


class _PaperSettings(NamedTuple):
    n_train: int
    epochs: int
    learning_rate: float


_PAPER = {
    "tampere": _PaperSettings(697, 2000, 1e-3),
    "utsindoorloc": _PaperSettings(9108, 400, 1e-4),
    "ujiindoorloc": _PaperSettings(19937, 500, 1e-3),
}


def epochs_in_paper(n_scans: int, survey: str = "") -> int:
    """Look up the epochs of the paper for a survey (section 4.1).

    Tampere (697 scans) takes 2000, UTSIndoorLoc (9,108) 400, UJIIndoorLoc (19,937) 500, and so does every
    part of them. Another building takes those of the one nearest in size.

    Parameters
    ----------
    n_scans : int
        Size of the training set.
    survey : str
        Name of the survey that the set, or a part of it, comes from; "" if it has none.

    Returns
    -------
    int
        Epochs.
    """
    if survey in _PAPER:
        return _PAPER[survey].epochs
    return min(_PAPER.values(), key=lambda each: abs(math.log(each.n_train / n_scans))).epochs


def learning_rate_in_paper(survey: str) -> float:
    """Look up the learning rate of the paper for a survey (section 4.1).

    Parameters
    ----------
    survey : str
        Name of the survey.

    Returns
    -------
    float
        1e-4 for UTSIndoorLoc; 1e-3 for the other two, and for a building that the paper does not name.
    """
    return _PAPER[survey].learning_rate if survey in _PAPER else 1e-3
