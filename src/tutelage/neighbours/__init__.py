"""Nearest fingerprints over a sparse radio map."""

from tutelage.matching.search import FingerprintIndex, distances, nearest
from tutelage.neighbours.knn import KNNSettings, NearestNeighbours, best_settings, choose_settings
from tutelage.neighbours.radio_map import RadioMap

__all__ = [
    "FingerprintIndex",
    "KNNSettings",
    "NearestNeighbours",
    "RadioMap",
    "best_settings",
    "choose_settings",
    "distances",
    "nearest",
]
