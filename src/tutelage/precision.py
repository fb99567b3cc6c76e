"""Arithmetic of training: 32 bits, or 16 for the products of matrices."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from tutelage.errors import BadInputError

__all__ = ["Precision", "full", "full_precision", "in_precision", "require_precision"]

Precision: TypeAlias = Literal["float32", "bfloat16"]
"""Type of the products of matrices while a network learns."""

_IN_PROCESSOR = ("avx512_bf16", "amx_bf16", "bf16")


def require_precision(device: torch.device, precision: Precision) -> None:
    """Refuse a precision that the device would only imitate, slowly.

    Parameters
    ----------
    device : torch.device
        Device of the run.
    precision : {"float32", "bfloat16"}
        What is asked for.

    Raises
    ------
    BadInputError
        If it is neither of these, or the device has no such arithmetic.
    """
    if precision not in ("float32", "bfloat16"):
        raise BadInputError(f"precision {precision!r} is not known; take float32 or bfloat16")
    if precision == "bfloat16" and not _has_bfloat16(device):
        raise BadInputError(f"this {device.type} has no bfloat16 arithmetic; take precision float32")


def in_precision(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Compute products in this precision within a block.

    Parameters
    ----------
    device : torch.device
        Device of the run.
    precision : {"float32", "bfloat16"}
        "float32" changes nothing.

    Returns
    -------
    context manager
        For the block.
    """
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def full_precision(like: Tensor) -> AbstractContextManager[object]:
    """Compute in full precision within a block, where rounding would show.

    Parameters
    ----------
    like : Tensor
        A tensor on the device of the block.

    Returns
    -------
    context manager
        For the block.
    """
    return torch.autocast(like.device.type, enabled=False)


def full(x: Tensor) -> Tensor:
    """Return what a layer gave in full precision.

    Parameters
    ----------
    x : Tensor
        Any tensor.

    Returns
    -------
    Tensor
        float32 if it is bfloat16; else `x` itself.
    """
    return x.float() if x.dtype == torch.bfloat16 else x


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type != "cpu":
        return False
    # Older versions of PyTorch do not say.
    abilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(abilities.get(name) for name in _IN_PROCESSOR)
