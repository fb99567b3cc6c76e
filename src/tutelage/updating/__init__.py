"""Continuing from a model with new scans of its building."""

from tutelage.updating.update_model import update

__all__ = ["update"]
