"""J_Sim: the student's and the teacher's representations point the same way."""

from __future__ import annotations

import torch
from torch import Tensor

from tutelage.errors import UnknownNameError

__all__ = ["angular_similarity", "unit_vectors"]

_FORMS = ("batch_mean", "per_sample")
_CLIP = 1e-6  # arccos has an infinite slope at +-1
_ZERO = 1e-12  # a vector shorter than this has no direction


def unit_vectors(z: Tensor, dim: int = -1) -> Tensor:
    """Divide vectors by their length; zero vectors stay zero.

    `torch.nn.functional.normalize` divides a zero vector by 1e-12 and so gives it a gradient of 1e12.
    One dead sample (all ReLUs off) would then decide the step.

    Parameters
    ----------
    z : Tensor
        Vectors along the dimension `dim`, of any shape.
    dim : int, default -1
        Dimension along which a vector lies.

    Returns
    -------
    Tensor
        Vectors of length 1 or 0, of the shape of `z`.
    """
    length = torch.linalg.vector_norm(z, dim=dim, keepdim=True)
    return z / torch.where(length > _ZERO, length, 1.0)


def angular_similarity(
    z_student: Tensor, z_teacher: Tensor, *, margin_rad: float = 0.2, form: str = "batch_mean"
) -> Tensor:
    """Compute J_Sim (Eq. 1), the angle between representations with a margin.

    J_Sim = max(0, 1 - cos(arccos(c) + margin))

    It is smallest, 1 - cos(margin), where the directions agree.

    Parameters
    ----------
    z_student, z_teacher : Tensor
        Representations [B, d_e]; row k of one is paired with row k of the other.
    margin_rad : float, default 0.2
        Angle added to make the task harder, in radians.
    form : {"batch_mean", "per_sample"}
        What c is.
        "batch_mean": the mean cosine of the batch, as printed. The mean hides how the angles are spread.
        "per_sample": the cosine of each pair; J_Sim is then the mean over pairs.

    Returns
    -------
    Tensor
        Scalar. c is clipped to +-(1 - 1e-6), so a pair that agrees to within 0.0014 rad gets no gradient
        instead of an infinite one. A zero vector counts as perpendicular to everything.

    Raises
    ------
    UnknownNameError
        If there is no such form.

    Notes
    -----
    Source: Paper, Eq. 1. The form "per_sample" differs from it: the margin is applied before the mean.
    """
    if form not in _FORMS:
        raise UnknownNameError("form of angular similarity", form, _FORMS)
    cosine = (unit_vectors(z_student) * unit_vectors(z_teacher)).sum(dim=-1)
    c = cosine.mean() if form == "batch_mean" else cosine
    angle = torch.arccos(c.clamp(-1.0 + _CLIP, 1.0 - _CLIP))
    return (1.0 - torch.cos(angle + margin_rad)).clamp_min(0.0).mean()
