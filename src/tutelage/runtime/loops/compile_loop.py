"""Compilation by Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

__all__ = ["compile_loop"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compile_loop(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function at its first call, and keep the machine code beside it or in the user's cache.

    It runs without Python's lock, so that threads share the work. Divisions by zero do not raise.

    Parameters
    ----------
    function : callable
        Loops over arrays.

    Returns
    -------
    callable
        The compiled function.
    """
    try:
        compiled = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # no folder can be written, so each process compiles it
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    return cast(Callable[_P, _R], compiled)
