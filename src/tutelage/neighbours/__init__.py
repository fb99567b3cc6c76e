"""Nearest fingerprints over a sparse radio map."""

from tutelage.neighbours.knn import KNNSettings, NearestNeighbours, choose_settings
from tutelage.neighbours.search import distances, nearest

__all__ = ["KNNSettings", "NearestNeighbours", "choose_settings", "distances", "nearest"]
