"""J_FI: the student's extractor reacts to its input as strongly as the teacher's.

An extractor's Lipschitz constant says how strongly it can react: the largest singular value of its
Jacobian. The paper reads it off a batch of inputs and outputs, through the transmitting matrix of
LONDON (Shang et al., Lipschitz Continuity Guided Knowledge Distillation, ICCV 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.losses.angular_similarity import unit_vectors
from tutelage.losses.singular_values import SMALLEST, largest_singular_value, power_iteration, seeded_normal

__all__ = [
    "compare_norms",
    "functional_information",
    "sensitivity",
    "transmitting_matrix",
    "transmitting_product",
]

_CONTRACTIONS = ("batch", "features")
_RIDGE = 1e-3  # of the mean squared length of the inputs


# -- the transmitting matrix --------------------------------------------------------------------


def transmitting_matrix(z_in: Tensor, z_out: Tensor, *, contraction: str = "batch") -> Tensor:
    """Compute T (Eq. 8), which says how inputs and outputs of a block go together.

    T = (Z_in_hat' Z_out_hat)' (Z_in_hat' Z_out_hat)

    Parameters
    ----------
    z_in, z_out : Tensor
        Vectors [B, d], tokens [B, n, d] or maps [B, C, H, W].
    contraction : {"batch", "features"}
        What the product of vectors runs over. "features" is as printed, and needs d_in = d_out.

    Returns
    -------
    Tensor
        T [d_out, d_out], or [B, B] with "features", or [B, C_out, C_out] for two maps or two sequences of
        tokens.

    Raises
    ------
    BadInputError
        If "features" has no meaning: for maps or tokens, and where the widths differ.
    UnknownNameError
        If there is no such contraction.

    Notes
    -----
    Eq. 8 takes M feature maps of d numbers, each scaled to length 1, and multiplies along the d numbers.

    *Maps and tokens* are read as in LONDON, sample by sample. The M feature maps are the channels, and the d
    numbers are their positions. Input and output may have different channels. The larger map is averaged
    down to the positions of the smaller one, axis by axis.

    *Vectors* have no positions. The M feature maps are then the B samples. Multiplying along d needs
    d_in = d_out (CNNLoc has 64 and 33), so the product runs over the batch: [d_in, B] [B, d_out]. With
    "features" it runs along d: [B, d] [d, B].

    *A map and a vector*, and anything whose common size is one position, share no positions either. One
    position scaled to length 1 would be +-1 and say nothing. They are flattened and treated as vectors.

    Source: Paper, Eq. 8 (A8, A9). Eq. 15 goes on to replace Z Z' by I. Z' Z = I does not give that, so T
    stays the definition here.
    """
    if _runs_along_features(z_in, z_out, contraction):
        return _gram(unit_vectors(z_in) @ unit_vectors(z_out).mT)
    shared = _shared_positions(z_in, z_out)
    if shared is None:
        inputs = unit_vectors(z_in.flatten(1))
        outputs = unit_vectors(z_out.flatten(1))
    else:
        inputs = _unit_channels(z_in, shared)
        outputs = _unit_channels(z_out, shared)
    return _gram(inputs.mT @ outputs)


def _runs_along_features(z_in: Tensor, z_out: Tensor, contraction: str) -> bool:
    """Whether the product inside T runs over d; refuse it where it has no meaning."""
    if contraction not in _CONTRACTIONS:
        raise UnknownNameError("contraction of Eq. 8", contraction, _CONTRACTIONS)
    if contraction == "batch":
        return False
    if z_in.ndim != 2 or z_out.ndim != 2 or z_in.shape[1] != z_out.shape[1]:
        shapes = " and ".join(f"[B, {', '.join(map(str, z.shape[1:]))}]" for z in (z_in, z_out))
        raise BadInputError(
            f"fi_contraction = features needs vectors with d_F = d_E, here they are {shapes}; choose a "
            "network and d_f of these widths, or fi_contraction=batch"
        )
    return True


def transmitting_product(z_in: Tensor, z_out: Tensor) -> Callable[[Tensor], Tensor]:
    """Make the product with T (Eq. 8) for vectors; T itself is never built.

    T v = Z_out_hat' (Z_in_hat Z_in_hat') Z_out_hat v

    With [B, B] in the middle nothing of [d_in, d_out] is needed, and d_in is thousands where a map is
    flattened.

    Parameters
    ----------
    z_in, z_out : Tensor
        What enters and leaves the block, a row for each sample; see `transmitting_matrix`.

    Returns
    -------
    callable
        Multiplies T with v [d_out, 1].
    """
    inputs = unit_vectors(z_in.flatten(1))
    outputs = unit_vectors(z_out.flatten(1))
    between = inputs @ inputs.mT
    return lambda v: outputs.mT @ (between @ (outputs @ v))


def _gram(matrix: Tensor) -> Tensor:
    return matrix.mT @ matrix


def _as_map(z: Tensor) -> Tensor:
    """[B, C, H, W] of a map, [B, d, n, 1] of tokens [B, n, d], [B, d, 1, 1] of vectors [B, d]."""
    return z if z.ndim == 4 else z.reshape(len(z), -1, z.shape[-1]).mT[..., None]


def _shared_positions(z_in: Tensor, z_out: Tensor) -> tuple[int, int] | None:
    """(H, W) that both can be averaged down to; None where there is no such thing."""
    h_in, w_in = _as_map(z_in).shape[2:]
    h_out, w_out = _as_map(z_out).shape[2:]
    height = min(h_in, h_out)
    width = min(w_in, w_out)
    return (height, width) if z_in.ndim == z_out.ndim and height * width > 1 else None


def _unit_channels(z: Tensor, positions: tuple[int, int]) -> Tensor:
    """[B, positions, C], every channel of every sample a unit vector."""
    return unit_vectors(F.adaptive_avg_pool2d(_as_map(z), positions).flatten(2)).mT


# -- the constraint -----------------------------------------------------------------------------


def functional_information(
    z_f: Tensor,
    z_e: Tensor,
    teachers: Sequence[tuple[Tensor, Tensor]],
    *,
    form: str = "literal",
    contraction: str = "batch",
    iterations: int = 15,
    squared: bool = False,
) -> Tensor:
    """Compute J_FI (Eq. 11), how far the student's extractor is from each teacher's in sensitivity.

    J_FI = sum over teachers of | sigma(T_teacher) - sigma(T_student) |

    Parameters
    ----------
    z_f, z_e : Tensor
        What enters and leaves the student's extractor; for shapes see `transmitting_matrix`.
    teachers : sequence of (Tensor, Tensor)
        What enters and leaves each teacher's extractor. No gradient reaches them.
    form : {"literal", "scale_free", "log_ratio", "least_squares"}
        How sensitivity is measured and compared.
        "literal": as printed. It grows with the batch: sigma is at most B.
        "scale_free": sigma divided by the largest value it can have.
        "log_ratio": | log(sigma_teacher / sigma_student) | of the scale-free sigma, so that a relative
        difference weighs the same at every scale.
        "least_squares": the log-ratio for the ridge map z_f -> z_e fitted to the batch. Nothing is
        normalised, so this is a Lipschitz constant of the best linear stand-in for the extractor.
    contraction : {"batch", "features"}
        What the product inside T runs over, see `transmitting_matrix`; "least_squares" has no T.
    iterations : int, default 15
        Iterations of the power method.
    squared : bool, default False
        Square each teacher's difference. The absolute ones of two teachers have a dead zone: while the
        student's sigma lies between theirs, one gains what the other loses, and the gradient is 0.

    Returns
    -------
    Tensor
        Scalar. Sigma is averaged over samples where it is defined sample by sample.

    Raises
    ------
    UnknownNameError, BadInputError
        If there is no such form or contraction, or this contraction has no meaning here.

    Notes
    -----
    Scaling both sides to length 1 removes the scale. The first three forms therefore compare how inputs and
    outputs are spread in direction, not slopes (A10). The last form compares slopes, and so does
    `jacobian_spectral_norm` with `compare_norms`.

    The largest sigma: ||A' C|| <= ||A||_F ||C||_F for every A, C, and a matrix of M unit vectors has
    Frobenius norm sqrt(M). For vectors both have B unit rows, so sigma <= B. It is B where every input and
    every output points along one line: rows s_k a and s_k c with s_k = +-1 give A' C = B a c'. For maps it
    is sqrt(C_in C_out), by the same argument.

    Source: Paper, Eq. 11. "literal" and "scale_free" are the paper's recipe, the others are ours.
    """

    def sigma_of(z_in: Tensor, z_out: Tensor) -> Tensor:
        return sensitivity(z_in, z_out, form=form, contraction=contraction, iterations=iterations)

    sigma_student = sigma_of(z_f, z_e)
    with torch.no_grad():
        sigmas = [sigma_of(*teacher) for teacher in teachers]
    comparison = _COMPARISON_OF[form]
    differences = [compare_norms(sigma, sigma_student, comparison, squared=squared) for sigma in sigmas]
    return torch.stack(differences).sum()


def sensitivity(
    z_in: Tensor,
    z_out: Tensor,
    *,
    form: str = "literal",
    contraction: str = "batch",
    iterations: int = 15,
) -> Tensor:
    """Measure the sensitivity sigma of one extractor, by a form of `functional_information`.

    Parameters
    ----------
    z_in, z_out : Tensor
        What enters and leaves the extractor; for shapes see `transmitting_matrix`.
    form : {"literal", "scale_free", "log_ratio", "least_squares"}
        How sensitivity is measured, see `functional_information`.
    contraction : {"batch", "features"}
        What the product inside T runs over, see `transmitting_matrix`.
    iterations : int, default 15
        Iterations of the power method.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    UnknownNameError
        If there is no such form.
    """
    if form not in _SENSITIVITIES:
        raise UnknownNameError("form of functional information", form, _SENSITIVITIES)
    return _SENSITIVITIES[form](z_in, z_out, contraction, iterations)


def compare_norms(
    sigma_teacher: Tensor, sigma_student: Tensor, form: str = "log_ratio", *, squared: bool = False
) -> Tensor:
    """Compare two sensitivities.

    Parameters
    ----------
    sigma_teacher, sigma_student : Tensor
        Scalars of at least 0. No gradient reaches the teacher's.
    form : {"difference", "log_ratio"}
        The distance: |s_t - s_s| or |log(s_t / s_s)|.
    squared : bool, default False
        Square the distance.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    UnknownNameError
        If there is no such form.
    """
    if form not in _COMPARISONS:
        raise UnknownNameError("comparison of norms", form, _COMPARISONS)
    scale = _COMPARISONS[form]
    difference = scale(sigma_teacher.detach()) - scale(sigma_student)
    return difference.square() if squared else difference.abs()


def _sigma(z_in: Tensor, z_out: Tensor, contraction: str, iterations: int) -> Tensor:
    along_features = _runs_along_features(z_in, z_out, contraction)
    if along_features or _shared_positions(z_in, z_out) is not None:
        gram = transmitting_matrix(z_in, z_out, contraction=contraction)
        return largest_singular_value(gram, iterations=iterations).mean()
    start = seeded_normal((z_out.flatten(1).shape[1], 1), z_out)
    return power_iteration(transmitting_product(z_in, z_out), start, iterations)


def _scale_free_sigma(z_in: Tensor, z_out: Tensor, contraction: str, iterations: int) -> Tensor:
    is_sample_wise = _shared_positions(z_in, z_out) is not None
    n_in = _as_map(z_in).shape[1] if is_sample_wise else len(z_in)
    n_out = _as_map(z_out).shape[1] if is_sample_wise else len(z_out)
    return _sigma(z_in, z_out, contraction, iterations) / math.sqrt(n_in * n_out)


def _least_squares_sigma(z_in: Tensor, z_out: Tensor, _contraction: str, iterations: int) -> Tensor:
    """Norm of W = argmin ||X W - Y||^2 + r ||W||^2 for centred X, Y: slopes, whatever the offset.

    W = X' (X X' + r I)^-1 Y needs a [B, B] system however many inputs there are.
    """
    x = z_in.flatten(1) - z_in.flatten(1).mean(dim=0)
    y = z_out.flatten(1) - z_out.flatten(1).mean(dim=0)
    kernel = x @ x.mT
    ridge = _RIDGE * kernel.diagonal().mean() + SMALLEST
    slopes = x.mT @ torch.linalg.solve(kernel + ridge * torch.eye(len(x), dtype=x.dtype, device=x.device), y)
    return largest_singular_value(_gram(slopes), iterations=iterations)


_COMPARISONS: dict[str, Callable[[Tensor], Tensor]] = {
    "difference": lambda sigma: sigma,
    "log_ratio": lambda sigma: sigma.clamp_min(SMALLEST).log(),
}
_SENSITIVITIES: dict[str, Callable[[Tensor, Tensor, str, int], Tensor]] = {
    "literal": _sigma,
    "scale_free": _scale_free_sigma,
    "log_ratio": _scale_free_sigma,
    "least_squares": _least_squares_sigma,
}
_COMPARISON_OF = {
    "literal": "difference",
    "scale_free": "difference",
    "log_ratio": "log_ratio",
    "least_squares": "log_ratio",
}
"""How each form of `functional_information` compares the two, in the names of `compare_norms`."""
