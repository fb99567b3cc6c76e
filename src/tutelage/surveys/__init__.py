"""Working with surveys: splits that do not leak."""

from tutelage.surveys.splits import (
    is_spread,
    reference_points,
    split_by_device,
    split_by_position,
    split_by_time,
    split_by_user,
)

__all__ = [
    "is_spread",
    "reference_points",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
]
