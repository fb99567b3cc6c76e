"""Working with surveys: splits that do not leak."""

from tutelage.surveys.splits import split_by_device, split_by_position, split_by_time, split_by_user

__all__ = ["split_by_device", "split_by_position", "split_by_time", "split_by_user"]
