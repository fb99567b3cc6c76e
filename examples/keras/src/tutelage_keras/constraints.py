"""The paper's constraints, tensors in and one scalar out, as in `tutelage.losses`.

Some of Keras' functions fall back to 32 bits: `@` and `where` do not, where `matmul` and `maximum` do.

J_MAE  `mean_distance`           the position is right (Eq. 2)
J_Sim  `angular_similarity`      representations point the same way, by a margin (Eq. 1)
J_MI   `mutual_information`      one representation tells about the other (Eq. 4); to be maximised
J_FI   `functional_information`  both extractors are equally sensitive to their input (Eq. 8-11)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = [
    "MutualInformationEstimator",
    "angular_similarity",
    "functional_information",
    "largest_singular_value",
    "mean_distance",
    "mutual_information",
    "unit_vectors",
]

Tensor = Any

_CLIP = 1e-6  # arccos has an infinite slope at +-1
_ZERO = 1e-12  # a vector shorter than this has no direction; also the least eigenvalue that counts


def _lengths(z: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    """Euclidean lengths. That of a zero vector has gradient 0, where most backends give no number."""
    squared = ops.sum(z * z, axis=axis)
    return ops.where(squared > 0, ops.sqrt(ops.where(squared > 0, squared, 1.0)), 0.0)


def unit_vectors(z: Tensor, axis: int = -1) -> Tensor:
    """Divide vectors by their length; zero vectors stay zero."""
    squared = ops.sum(z * z, axis=axis, keepdims=True)
    return z / ops.sqrt(ops.where(squared > _ZERO**2, squared, 1.0))


# -- J_MAE and J_Sim --------------------------------------------------------------------------------


def mean_distance(predicted: Tensor, truth: Tensor, scale_m: float = 1.0) -> Tensor:
    """J_MAE (Eq. 2): mean distance in metres of positions [B, 2]; `scale_m` metres are one unit."""
    return ops.mean(_lengths((predicted - truth) * scale_m, axis=-1))


def angular_similarity(
    z_student: Tensor, z_teacher: Tensor, *, margin_rad: float = 0.2, form: str = "batch_mean"
) -> Tensor:
    """J_Sim (Eq. 1): max(0, 1 - cos(arccos(c) + margin)) of representations [B, d_E].

    c is the mean cosine of the batch with the form "batch_mean", as printed, and that of each pair with
    "per_sample".
    """
    _require("form", form, ("batch_mean", "per_sample"))
    cosine = ops.sum(unit_vectors(z_student) * unit_vectors(z_teacher), axis=-1)
    c = ops.mean(cosine) if form == "batch_mean" else cosine
    angle = ops.arccos(ops.clip(c, -1.0 + _CLIP, 1.0 - _CLIP))
    return ops.mean(ops.relu(1.0 - ops.cos(angle + margin_rad)))


# -- J_MI -------------------------------------------------------------------------------------------


class MutualInformationEstimator(keras.layers.Layer):
    """Psi scores whether two representations belong together: an MLP over [z_teacher ; z_student].

    One estimator serves all teachers.
    """

    def __init__(self, d_e: int, width: int = 512) -> None:
        super().__init__()
        dense = keras.layers.Dense
        self.mlp = keras.Sequential([dense(width, "relu"), dense(width, "relu"), dense(1)])
        self.mlp.build((None, 2 * d_e))
        self.built = True

    def call(self, z_teacher: Tensor, z_student: Tensor) -> Tensor:
        """Scores [B] of pairs of rows."""
        return ops.squeeze(self.mlp(ops.concatenate([z_teacher, z_student], axis=1)), axis=1)


def mutual_information(psi: MutualInformationEstimator, z_student: Tensor, z_teacher: Tensor) -> Tensor:
    """J_MI (Eq. 4): -E_joint softplus(-Psi) - E_shuffled softplus(Psi), the Jensen-Shannon bound.

    In a shuffled pair, each teacher row meets the student row before its own.
    """
    joint = psi(z_teacher, z_student)
    shuffled = psi(z_teacher, ops.roll(z_student, 1, axis=0))
    return -ops.mean(ops.softplus(-joint)) - ops.mean(ops.softplus(shuffled))


# -- J_FI -------------------------------------------------------------------------------------------


def largest_singular_value(gram: Tensor, *, iterations: int = 15, start: Tensor | None = None) -> Tensor:
    """Largest singular values [...] of A from T = A' A [..., d, d], by power iteration (Algorithm 1).

    `start` is the first v [d, 1]. Ours and tutelage's are different normal numbers.
    """
    start = _start(gram.shape[-1], gram) if start is None else start
    return _power_iteration(lambda v: gram @ v, start, iterations)


def functional_information(
    z_f: Tensor,
    z_e: Tensor,
    teachers: Sequence[tuple[Tensor, Tensor]],
    *,
    form: str = "literal",
    iterations: int = 15,
    start: Tensor | None = None,
) -> Tensor:
    """J_FI (Eq. 11): sum over teachers of | sigma(T_teacher) - sigma(T_student) |.

    Representations are z_f [B, ...], a map or tokens too, and z_e [B, d_E], of the student and of each
    teacher, which gets no gradient. The form "literal" is as printed. "scale_free" divides sigma by B, the
    largest value it can have. "log_ratio" compares the logarithms of those.
    """
    _require("form", form, _COMPARED)
    compared = _COMPARED[form]

    def measure(z_in: Tensor, z_out: Tensor) -> Tensor:
        return compared(_sigma(z_in, z_out, iterations, start), ops.cast(ops.shape(z_out)[0], z_out.dtype))

    of_student = measure(z_f, z_e)
    of_teachers = [ops.stop_gradient(measure(*teacher)) for teacher in teachers]
    return ops.sum(ops.stack([ops.abs(each - of_student) for each in of_teachers]))


def _sigma(z_in: Tensor, z_out: Tensor, iterations: int, start: Tensor | None) -> Tensor:
    """Sigma of T (Eq. 8), which is never built: T v = Z_out' (Z_in Z_in') Z_out v."""
    inputs = unit_vectors(ops.reshape(z_in, (ops.shape(z_in)[0], -1)))
    outputs = unit_vectors(z_out)
    to_features = ops.transpose(outputs)
    between = inputs @ ops.transpose(inputs)
    start = _start(z_out.shape[1], z_out) if start is None else start
    return _power_iteration(lambda v: to_features @ (between @ (outputs @ v)), start, iterations)


def _power_iteration(gram: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """v <- T v / ||T v||, repeated; sigma = sqrt(||T v||), differentiable through all iterations."""
    v = unit_vectors(start, axis=-2)
    for _ in range(iterations - 1):
        v = unit_vectors(gram(v), axis=-2)
    return ops.sqrt(_at_least(_lengths(gram(v), axis=(-2, -1))))


def _at_least(x: Tensor) -> Tensor:
    return ops.where(x > _ZERO, x, _ZERO)


def _start(width: int, like: Tensor) -> Tensor:
    normal = np.random.default_rng(0).standard_normal((width, 1))
    return ops.convert_to_tensor(normal, dtype=keras.backend.standardize_dtype(like.dtype))


_COMPARED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "literal": lambda sigma, _: sigma,
    "scale_free": lambda sigma, n: sigma / n,
    "log_ratio": lambda sigma, n: ops.log(_at_least(sigma / n)),
}


def _require(what: str, name: str, allowed: Sequence[str] | dict[str, Any]) -> None:
    if name not in allowed:
        raise ValueError(f"{what} is {name!r}; it must be one of {', '.join(allowed)}")
