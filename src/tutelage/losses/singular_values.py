"""Largest singular values by power iteration: Algorithm 1 of the paper, and the same on a Jacobian."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.linalg import vector_norm

from tutelage.losses.angular_similarity import unit_vectors

__all__ = ["SMALLEST", "jacobian_spectral_norm", "largest_singular_value", "power_iteration", "seeded_normal"]

SMALLEST = 1e-12
"""Least eigenvalue that counts: it keeps square root and logarithm differentiable at 0."""


def largest_singular_value(gram: Tensor, *, iterations: int = 15, start: Tensor | None = None) -> Tensor:
    """Find the largest singular value of A from T = A' A, by power iteration (Algorithm 1).

    v <- T v / ||T v||, repeated; sigma = sqrt(||T v||)

    Parameters
    ----------
    gram : Tensor
        T [..., d, d], symmetric, without negative eigenvalues.
    iterations : int, default 15
        Products with T. The estimate grows towards sigma and never exceeds it.
    start : Tensor, optional
        First v, [d, 1] or [..., d, 1]. By default it is the same seeded normal vector in every call.

    Returns
    -------
    Tensor
        Singular values [...], differentiable through all iterations. For T = 0 they are 1e-6, and the
        gradient is zero.

    Notes
    -----
    Source: Paper, Algorithm 1, with v of shape [d, 1]. As printed, v is [d, d] and its row norms divide
    the wrong axis. The square root makes it the norm of A, where Eq. 10 calls the eigenvalue the norm.
    """
    start = seeded_normal((*gram.shape[-1:], 1), gram) if start is None else start
    return power_iteration(lambda v: gram @ v, start, iterations)


def power_iteration(gram: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """Find the square root of a Gram matrix's largest eigenvalue from products with the matrix alone.

    Parameters
    ----------
    gram : callable
        Multiplies the matrix with v [..., d, 1].
    start : Tensor
        First v, [d, 1] or [..., d, 1].
    iterations : int
        Products with the matrix.

    Returns
    -------
    Tensor
        Square roots [...].
    """
    v = unit_vectors(start, dim=-2)
    for _ in range(iterations - 1):
        v = unit_vectors(gram(v), dim=-2)
    eigenvalue: Tensor = vector_norm(gram(v), dim=(-2, -1))
    return eigenvalue.clamp_min(SMALLEST).sqrt()


def jacobian_spectral_norm(
    extractor: Callable[[Tensor], Tensor], z_f: Tensor, *, iterations: int = 15
) -> Tensor:
    """Find the local Lipschitz constant: the mean largest singular value of J = d z_e / d z_f.

    Power iteration v <- J' J v / ||J' J v|| with products J v and J' u; J is never built.

    Parameters
    ----------
    extractor : callable
        Maps z_f [B, ...] to z_e [B, ...]; it is run once. It must treat each sample on its own, so batch
        normalisation must be in evaluation mode.
    z_f : Tensor
        The points [B, ...] to look at.
    iterations : int, default 15
        Products with J' J.

    Returns
    -------
    Tensor
        Scalar, the mean over the batch. It is differentiable in the parameters and in `z_f`, with the final
        v kept constant. Once v has converged this is the exact gradient, since sigma is stationary in v. It
        costs one product instead of all.

    Notes
    -----
    Source: ours, for A10. It measures at every sample what Eq. 6 defines.
    """
    z_e, transposed = torch.func.vjp(extractor, z_f)[:2]

    def pull(u: Tensor) -> Tensor:
        j_t_u: Tensor = transposed(u)[0]
        return j_t_u

    # J' u is linear in u, so its own transpose is J v: forward-mode differentiation, which would run the
    # extractor (and its dropout) again in every iteration, is not needed.
    push: Callable[[Tensor], tuple[Tensor]] = torch.func.vjp(pull, torch.zeros_like(z_e))[1]
    v = _unit_samples(seeded_normal(z_f.shape[1:], z_f).expand_as(z_f))
    with torch.no_grad():
        for _ in range(iterations):
            v = _unit_samples(pull(push(v)[0]))
    sigma: Tensor = vector_norm(push(v)[0].flatten(1), dim=1)
    return sigma.mean()


def seeded_normal(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Draw normal numbers that are the same in every run and on every device.

    Parameters
    ----------
    shape : tuple of int
        Shape of the result.
    like : Tensor
        Type and device of the result.

    Returns
    -------
    Tensor
        Standard normal numbers of the given shape.
    """
    generator = torch.Generator("cpu").manual_seed(0)
    return torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu").to(like)


def _unit_samples(v: Tensor) -> Tensor:
    return unit_vectors(v.flatten(1)).reshape(v.shape)
