"""J_MAE: how far the predicted positions are from the truth."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["mean_distance"]


def mean_distance(predicted: Tensor, truth: Tensor, scale_m: float | Tensor = 1.0) -> Tensor:
    """Compute J_MAE, the mean Euclidean distance: one of the two terms of Eq. 2.

    J_MAE = 1/B sum_k || scale_m * (y_hat_k - y_k) ||_2

    Parameters
    ----------
    predicted, truth : Tensor
        Positions [B, 2], in metres or in standardised coordinates.
    scale_m : float or Tensor, default 1
        Metres per unit of the coordinates: one number, or one an axis [2]. It is 1 for metres. Networks
        answer in standardised coordinates. The loss is in metres all the same, so that its weight against
        the other constraints means one thing in every building.

    Returns
    -------
    Tensor
        Scalar in metres. Where a prediction is exact its gradient is 0, not undefined.

    Notes
    -----
    Source: Paper, Eq. 2, which calls it mean absolute error, though the norm is Euclidean.
    """
    distance_m: Tensor = torch.linalg.vector_norm((predicted - truth) * scale_m, dim=-1)
    return distance_m.mean()
