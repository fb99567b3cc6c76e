"""A model that goes on from its building as it was, with new scans of it."""

from tutelage.updating.update_model import updated

__all__ = ["updated"]
