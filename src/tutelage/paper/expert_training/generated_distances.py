"""How far generated representations are from real ones."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["frechet_distance", "nearest_distance"]

_ROWS = 1024  # compared with all real rows at a time


@torch.no_grad()
def frechet_distance(real: Tensor, generated: Tensor) -> float:
    """Compute the Fréchet distance of two Gaussians fitted to the rows, over the variance of the real ones.

    Parameters
    ----------
    real, generated : Tensor
        Representations [n, d] and [m, d].

    Returns
    -------
    float
        0 where mean and covariance agree; 1 for a constant at the mean of the real rows.

    Notes
    -----
    d = |mean_r - mean_g|^2 + tr(C_r + C_g - 2 (C_r C_g)^(1/2)), divided by tr(C_r). For centred rows A and B,
    C = A'A / n, and the trace of the root is the sum of the singular values of A B' / sqrt(n m). The
    triangular factors of A and B take their place, so that they need not fit in memory together.

    Source: Heusel et al., "GANs trained by a two time-scale update rule", NeurIPS 2017, Eq. 6.
    """
    real, generated = (rows.cpu().double() for rows in (real, generated))
    centres = real.mean(dim=0), generated.mean(dim=0)
    centred = (real - centres[0]) / len(real) ** 0.5, (generated - centres[1]) / len(generated) ** 0.5
    variances = [float(rows.square().sum()) for rows in centred]
    first, second = (torch.linalg.qr(rows, mode="r").R for rows in centred)
    root = float(torch.linalg.svdvals(first @ second.mT).sum())
    shift = float((centres[0] - centres[1]).square().sum())
    return max(0.0, shift + sum(variances) - 2 * root) / max(variances[0], 1e-12)


@torch.no_grad()
def nearest_distance(real: Tensor, new: Tensor, generated: Tensor) -> float:
    """Compare the distance from generated rows to the nearest real one with that of new real rows.

    Parameters
    ----------
    real : Tensor
        Representations [n, d] of training scans.
    new : Tensor
        Representations [m, d] of scans that were held out.
    generated : Tensor
        Representations [k, d].

    Returns
    -------
    float
        1 where generated rows are as near to the training scans as new scans are.
    """
    return _mean_nearest(real, generated) / max(_mean_nearest(real, new), 1e-12)


def _mean_nearest(real: Tensor, rows: Tensor) -> float:
    nearest = [torch.cdist(part, real).amin(dim=1) for part in torch.split(rows, _ROWS)]
    return float(torch.cat(nearest).mean())
