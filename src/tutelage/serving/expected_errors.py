"""What error a model expects at the places of its survey."""

from __future__ import annotations

import threading
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tutelage.runtime.survey_map import SurveyedPlaces, SurveyMap
from tutelage.serving.served_models import ServedModel

__all__ = ["ExpectedError", "ExpectedErrors", "heard_at_places"]

_MOST_PLACES = 2000  # k-NN takes some seconds for so many
_BATCH = 256


class ExpectedError(NamedTuple):
    """Radii of a model at surveyed places.

    Attributes
    ----------
    places : SurveyedPlaces
        The p places.
    radius_m : numpy.ndarray
        Radius around the answer that holds the truth with the wanted probability, in metres, [p]; NaN where
        the model gives none.
    """

    places: SurveyedPlaces
    radius_m: np.ndarray


class ExpectedErrors:
    """Locates what the survey heard, once for each loaded model.

    The survey is what the model was fitted on, so radii are a little smaller than for scans of other days.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[ServedModel, tuple[float, ExpectedError]] = WeakKeyDictionary()

    def of(self, model: ServedModel, level: float) -> ExpectedError:
        """Return the radii of a model, at most 2,000 places of its survey.

        Parameters
        ----------
        model : ServedModel
            The model.
        level : float
            Probability that a radius is made for.

        Returns
        -------
        ExpectedError
            The radii. The first call for a model takes seconds; the others wait for it.
        """
        with self._lock:
            known = self._known.get(model)
            if known is None or known[0] != level:
                known = self._known[model] = (level, _located(model, level))
            return known[1]


def heard_at_places(survey: SurveyMap) -> tuple[SurveyedPlaces, list[dict[str, float]]]:
    """Join the scans of each place to one: what at least half of them heard, as the mean.

    Parameters
    ----------
    survey : SurveyMap
        The survey.

    Returns
    -------
    places : SurveyedPlaces
        The p places.
    scans : list of dict
        RSS of each access point in dBm, for each place.
    """
    chosen = survey.has_position
    places, place_of = survey.places(chosen)
    rss = survey.rss_dbm
    number = np.full(len(survey), -1)
    number[chosen] = place_of
    row = np.repeat(np.arange(len(survey)), np.diff(rss.indptr))
    kept = chosen[row]
    pair = number[row[kept]] * len(survey.access_points) + rss.indices[kept]
    distinct, entry, n = np.unique(pair, return_inverse=True, return_counts=True)
    place, column = np.divmod(distinct, max(1, len(survey.access_points)))
    mean_dbm = np.bincount(entry, rss.data[kept], len(distinct)) / n
    scans: list[dict[str, float]] = [{} for _ in places.n_scans]
    often = 2 * n >= places.n_scans[place]
    for i, j, value in zip(
        place[often].tolist(), column[often].tolist(), mean_dbm[often].tolist(), strict=True
    ):
        scans[i][survey.access_points[j]] = value
    return places, scans


def _located(model: ServedModel, level: float) -> ExpectedError:
    places, scans = heard_at_places(model.survey)
    if len(scans) > _MOST_PLACES:
        few = np.linspace(0, len(scans) - 1, _MOST_PLACES).astype(int)
        places = SurveyedPlaces(*(column[few] for column in places))
        scans = [scans[i] for i in few.tolist()]
    records = [
        record
        for first in range(0, len(scans), _BATCH)
        for record in model.runtime.locate(scans[first : first + _BATCH], level=level)
    ]
    radius_m = np.array([record.get("radius_m") or np.nan for record in records], dtype=float)
    return ExpectedError(places, radius_m)
