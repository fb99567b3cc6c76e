"""Loops for Numba: the same sums in the same order as the NumPy code of `tutelage.runtime`.

The equations stand in `fingerprint_index`, `pair_features` and `likelihood`. A test compares every figure bit
by bit. Only `tutelage.runtime.compiled` imports this package, as Numba need not be installed.
"""

from __future__ import annotations

from tutelage.runtime.loops.description import describe_pairs, describe_points
from tutelage.runtime.loops.search import nearest_rows, shared_sums

__all__ = ["describe_pairs", "describe_points", "nearest_rows", "shared_sums"]
