"""Nearest fingerprints over a sparse radio map."""

from tutelage.neighbours.knn import KNNSettings, NearestNeighbours, best_settings, choose_settings
from tutelage.neighbours.radio_map import RadioMap
from tutelage.neighbours.search import FingerprintIndex, distances, nearest

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
