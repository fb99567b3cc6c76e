"""How sure the answers of a calibrated model are: radii, probabilities and sets of places, refusals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tutelage.runtime.place_calibration import PlaceCalibration
from tutelage.runtime.positions import Located, Positions
from tutelage.runtime.radii import Calibration
from tutelage.runtime.rows import Rows

__all__ = ["Judge"]


@dataclass(frozen=True)
class Judge:
    """What a model learnt about its own errors.

    Parameters
    ----------
    radii : Calibration or None
        Of positions.
    places : PlaceCalibration or None
        Of places.
    """

    radii: Calibration | None
    places: PlaceCalibration | None

    def judge(
        self, answers: Positions, located: Located, rss_dbm: Rows, is_located: np.ndarray, level: float
    ) -> Positions:
        """Add radii, probabilities and sets to answers, and take the answers to unlike scans away.

        Parameters
        ----------
        answers : Positions
            Answers to n scans.
        located : Located
            What the method said of the m scans that it could answer.
        rss_dbm : Rows
            These scans in dBm over the access points of the model, [m, n_ap].
        is_located : numpy.ndarray
            Which of the n scans they are, [n] bool.
        level : float
            Share of the true positions and places that radii and sets should hold, in (0, 1).

        Returns
        -------
        Positions
            Answers to the n scans.

        Raises
        ------
        BadInputError
            If the level is not a share.
        """
        if self.radii is not None:
            answers = answers.with_radii(
                is_located, *self.radii.judge(rss_dbm, located.position_m, level), level
            )
        if self.places is not None and located.place is not None:
            places, unlike = self.places.answers(located.place, rss_dbm, level)
            answers = answers.with_places(is_located, places, unlike, level)
        return answers
