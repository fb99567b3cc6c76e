"""J_FI: the student's extractor reacts to its input as strongly as the teacher's.

How strongly an extractor can react is its Lipschitz constant, the largest singular value of its
Jacobian. The paper reads it off a batch of inputs and outputs, through the transmitting matrix of
LONDON (Shang et al., Lipschitz Continuity Guided Knowledge Distillation, ICCV 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.linalg import vector_norm

from tutelage.errors import UnknownNameError
from tutelage.losses.angular_similarity import unit_vectors

__all__ = [
    "COMPARISON_OF",
    "compare_norms",
    "functional_information",
    "jacobian_spectral_norm",
    "largest_singular_value",
    "sensitivity",
    "transmitting_matrix",
]

_SMALLEST = 1e-12  # floor of an eigenvalue: keeps square root and logarithm differentiable at 0
_RIDGE = 1e-3  # of the mean squared length of the inputs


# -- singular values ----------------------------------------------------------------------------


def largest_singular_value(gram: Tensor, *, iterations: int = 15, start: Tensor | None = None) -> Tensor:
    """Largest singular value of A, given T = A' A, by power iteration.

    v <- T v / ||T v||, repeated; sigma = sqrt(||T v||)

    Parameters
    ----------
    gram : [..., d, d], symmetric, no negative eigenvalues
    iterations : products with T; the estimate grows towards sigma and never exceeds it
    start : [d, 1] or [..., d, 1], by default the same seeded normal vector in every call

    Returns
    -------
    [...], differentiable through all iterations; 1e-6 and a zero gradient for T = 0.

    Source: Paper, Algorithm 1, with v of shape [d, 1]: as printed, v is [d, d] and its row norms divide
    the wrong axis. The square root makes it the norm of A, where Eq. 10 calls the eigenvalue the norm.
    """
    start = _seeded((*gram.shape[-1:], 1), gram) if start is None else start
    return _by_power_iteration(lambda v: gram @ v, start, iterations)


def _by_power_iteration(gram: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """sqrt of the largest eigenvalue of a Gram matrix that is given by its product with [..., d, 1]."""
    v = unit_vectors(start, dim=-2)
    for _ in range(iterations - 1):
        v = unit_vectors(gram(v), dim=-2)
    eigenvalue: Tensor = vector_norm(gram(v), dim=(-2, -1))
    return eigenvalue.clamp_min(_SMALLEST).sqrt()


def jacobian_spectral_norm(
    extractor: Callable[[Tensor], Tensor], z_f: Tensor, *, iterations: int = 15
) -> Tensor:
    """Mean over the batch of the largest singular value of d z_e / d z_f: the local Lipschitz constant.

    Power iteration v <- J' J v / ||J' J v|| with products J v and J' u; J is never built.

    Parameters
    ----------
    extractor : z_f [B, ...] -> z_e [B, ...], run once; each sample on its own (batch normalisation in
        evaluation mode)
    z_f : [B, ...] the points to look at
    iterations : products with J' J

    Returns
    -------
    Scalar. Differentiable in the parameters and in `z_f` at the final v, held fixed. That is the exact
    gradient once v has converged, since sigma is stationary in v, and costs one product instead of all.

    Source: ours, for A10; measures at every sample what Eq. 6 defines.
    """
    z_e, transposed = torch.func.vjp(extractor, z_f)[:2]

    def pull(u: Tensor) -> Tensor:
        j_t_u: Tensor = transposed(u)[0]
        return j_t_u

    # J' u is linear in u, so its own transpose is J v: forward-mode differentiation, which would run the
    # extractor (and its dropout) again in every iteration, is not needed.
    push: Callable[[Tensor], tuple[Tensor]] = torch.func.vjp(pull, torch.zeros_like(z_e))[1]
    v = _unit_samples(_seeded(z_f.shape[1:], z_f).expand_as(z_f))
    with torch.no_grad():
        for _ in range(iterations):
            v = _unit_samples(pull(push(v)[0]))
    sigma: Tensor = vector_norm(push(v)[0].flatten(1), dim=1)
    return sigma.mean()


def _seeded(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Normal numbers that are the same in every run and on every device."""
    generator = torch.Generator("cpu").manual_seed(0)
    return torch.randn(shape, generator=generator, dtype=torch.float64, device="cpu").to(like)


def _unit_samples(v: Tensor) -> Tensor:
    return unit_vectors(v.flatten(1)).reshape(v.shape)


# -- the transmitting matrix --------------------------------------------------------------------


def transmitting_matrix(z_in: Tensor, z_out: Tensor) -> Tensor:
    """How inputs and outputs of a block go together.

    T = (Z_in_hat' Z_out_hat)' (Z_in_hat' Z_out_hat)

    Parameters
    ----------
    z_in, z_out : vectors [B, d], tokens [B, n, d] or maps [B, C, H, W]

    Returns
    -------
    [d_out, d_out], or [B, C_out, C_out] for two maps or two sequences of tokens.

    Notes
    -----
    Eq. 8 takes M feature maps of d numbers, each scaled to length 1, and multiplies along the d numbers.

    *Maps and tokens* are read as in LONDON, sample by sample: the M feature maps are the channels and
    the d numbers their positions. Input and output may have different channels; the larger map is
    averaged down to the positions of the smaller one, axis by axis.

    *Vectors* have no positions. The M feature maps are then the B samples, and multiplying along d would
    need d_in = d_out (CNNLoc has 64 and 33), so the product runs over the batch: [d_in, B] [B, d_out].

    *A map and a vector*, and anything whose common size is one position, share no positions either; one
    position scaled to length 1 would be +-1 and say nothing. They are flattened and treated as vectors.

    Source: Paper, Eq. 8 (A8, A9). Eq. 15 goes on to replace Z Z' by I, which Z' Z = I does not give, so T
    stays the definition here.
    """
    shared = _shared_positions(z_in, z_out)
    if shared is None:
        inputs, outputs = unit_vectors(z_in.flatten(1)), unit_vectors(z_out.flatten(1))
    else:
        inputs, outputs = (_unit_channels(z, shared) for z in (z_in, z_out))
    return _gram(inputs.mT @ outputs)


def _gram(matrix: Tensor) -> Tensor:
    return matrix.mT @ matrix


def _as_map(z: Tensor) -> Tensor:
    """[B, C, H, W] of a map, [B, d, n, 1] of tokens [B, n, d], [B, d, 1, 1] of vectors [B, d]."""
    return z if z.ndim == 4 else z.reshape(len(z), -1, z.shape[-1]).mT[..., None]


def _shared_positions(z_in: Tensor, z_out: Tensor) -> tuple[int, int] | None:
    """(H, W) that both can be averaged down to; None where there is no such thing."""
    (h_in, w_in), (h_out, w_out) = _as_map(z_in).shape[2:], _as_map(z_out).shape[2:]
    height, width = min(h_in, h_out), min(w_in, w_out)
    return (height, width) if z_in.ndim == z_out.ndim and height * width > 1 else None


def _unit_channels(z: Tensor, positions: tuple[int, int]) -> Tensor:
    """[B, positions, C], every channel of every sample a unit vector."""
    return unit_vectors(F.adaptive_avg_pool2d(_as_map(z), positions).flatten(2)).mT


# -- the constraint -----------------------------------------------------------------------------


def functional_information(
    z_f_student: Tensor,
    z_e_student: Tensor,
    z_f_teacher: Tensor,
    z_e_teacher: Tensor,
    *,
    form: str = "literal",
    iterations: int = 15,
) -> Tensor:
    """Difference in sensitivity between the student's extractor and one teacher's.

    J_FI = | sigma(T_teacher) - sigma(T_student) |

    Parameters
    ----------
    z_f_student, z_e_student : what enters and leaves the student's extractor, see `transmitting_matrix`
    z_f_teacher, z_e_teacher : the same of the teacher; no gradient reaches them
    form : how sensitivity is measured and compared
        "literal": as printed. Grows with the batch: sigma is at most B.
        "scale_free": sigma divided by the largest value it can have.
        "log_ratio": | log(sigma_teacher / sigma_student) | of the scale-free sigma, so that a relative
        difference weighs the same at every scale.
        "least_squares": the log-ratio for the ridge map z_f -> z_e fitted to the batch. Nothing is
        normalised, so this is a Lipschitz constant of the best linear stand-in for the extractor.
    iterations : of the power method

    Returns
    -------
    Scalar. Sigma is averaged over samples where it is defined sample by sample.

    Raises
    ------
    UnknownNameError
        If there is no such form.

    Notes
    -----
    Scaling both sides to length 1 removes the scale, so the first three forms compare how inputs and
    outputs are spread in direction, not slopes (A10); the last does, and so does `jacobian_spectral_norm`
    with `compare_norms`.

    The largest sigma: ||A' C|| <= ||A||_F ||C||_F for every A, C, and a matrix of M unit vectors has
    Frobenius norm sqrt(M). For vectors both have B unit rows, so sigma <= B, and it is B where every
    input and every output points along one line (rows s_k a and s_k c with s_k = +-1 give
    A' C = B a c'). For maps it is sqrt(C_in C_out), by the same argument.

    Source: Paper, Eq. 11; "literal" and "scale_free" are the paper's recipe, the others are ours.
    """
    own = sensitivity(z_f_student, z_e_student, form=form, iterations=iterations)
    with torch.no_grad():
        theirs = sensitivity(z_f_teacher, z_e_teacher, form=form, iterations=iterations)
    return compare_norms(theirs, own, COMPARISON_OF[form])


def sensitivity(z_in: Tensor, z_out: Tensor, *, form: str = "literal", iterations: int = 15) -> Tensor:
    """Sigma of one extractor, by a form of `functional_information`; scalar.

    For a student under several teachers: its own is computed once.

    Raises
    ------
    UnknownNameError
        If there is no such form.
    """
    if form not in _SENSITIVITIES:
        raise UnknownNameError("form of functional information", form, _SENSITIVITIES)
    return _SENSITIVITIES[form](z_in, z_out, iterations)


def compare_norms(sigma_teacher: Tensor, sigma_student: Tensor, form: str = "log_ratio") -> Tensor:
    """Distance between two sensitivities.

    Parameters
    ----------
    sigma_teacher, sigma_student : scalars, at least 0; no gradient reaches the teacher's
    form : "difference" |s_t - s_s| or "log_ratio" |log(s_t / s_s)|

    Returns
    -------
    Scalar.

    Raises
    ------
    UnknownNameError
        If there is no such form.
    """
    if form not in _COMPARISONS:
        raise UnknownNameError("comparison of norms", form, _COMPARISONS)
    scale = _COMPARISONS[form]
    return (scale(sigma_teacher.detach()) - scale(sigma_student)).abs()


def _sigma(z_in: Tensor, z_out: Tensor, iterations: int) -> Tensor:
    if _shared_positions(z_in, z_out) is not None:
        return largest_singular_value(transmitting_matrix(z_in, z_out), iterations=iterations).mean()
    inputs, outputs = unit_vectors(z_in.flatten(1)), unit_vectors(z_out.flatten(1))
    # T v = out' (in in') out v: with [B, B] in the middle nothing of [d_in, d_out] is ever built, and
    # d_in is thousands where a map is flattened.
    between = inputs @ inputs.mT
    start = _seeded((outputs.shape[1], 1), outputs)
    return _by_power_iteration(lambda v: outputs.mT @ (between @ (outputs @ v)), start, iterations)


def _scale_free_sigma(z_in: Tensor, z_out: Tensor, iterations: int) -> Tensor:
    by_sample = _shared_positions(z_in, z_out) is not None
    n_in, n_out = (_as_map(z).shape[1] if by_sample else len(z) for z in (z_in, z_out))
    return _sigma(z_in, z_out, iterations) / math.sqrt(n_in * n_out)


def _least_squares_sigma(z_in: Tensor, z_out: Tensor, iterations: int) -> Tensor:
    """Norm of W = argmin ||X W - Y||^2 + r ||W||^2 for centred X, Y: slopes, whatever the offset.

    W = X' (X X' + r I)^-1 Y needs a [B, B] system however many inputs there are.
    """
    x, y = (z.flatten(1) - z.flatten(1).mean(dim=0) for z in (z_in, z_out))
    kernel = x @ x.mT
    ridge = _RIDGE * kernel.diagonal().mean() + _SMALLEST
    slopes = x.mT @ torch.linalg.solve(kernel + ridge * torch.eye(len(x), dtype=x.dtype, device=x.device), y)
    return largest_singular_value(_gram(slopes), iterations=iterations)


_COMPARISONS: dict[str, Callable[[Tensor], Tensor]] = {
    "difference": lambda sigma: sigma,
    "log_ratio": lambda sigma: sigma.clamp_min(_SMALLEST).log(),
}
_SENSITIVITIES: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "literal": _sigma,
    "scale_free": _scale_free_sigma,
    "log_ratio": _scale_free_sigma,
    "least_squares": _least_squares_sigma,
}
COMPARISON_OF = {
    "literal": "difference",
    "scale_free": "difference",
    "log_ratio": "log_ratio",
    "least_squares": "log_ratio",
}
"""How each form compares the two, as `compare_norms` names it."""
