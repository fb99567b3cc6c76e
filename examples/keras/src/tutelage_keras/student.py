"""The contract of a network: Framer, Extractor, Regressor (Paper, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from tutelage_keras.constraints import mean_distance
from tutelage_keras.gradients import gradient_of_weights

__all__ = ["Representations", "Student", "check_student", "dnn", "position_error"]

Tensor = Any


class Representations(NamedTuple):
    """Outputs of the three parts for B scans."""

    z_f: Tensor
    """Framer: [B, d_F], or a map or tokens [B, ...]."""
    z_e: Tensor
    """Extractor: [B, d_E]."""
    position: Tensor
    """Regressor: [B, 2], standardised coordinates."""


class Student(keras.Model):
    """A network in three parts, each a Keras layer or model. As a model, it maps scans to positions.

    Only d_E, the width of what the extractor gives, must agree with that of its teachers.
    """

    def __init__(self, framer: keras.Layer, extractor: keras.Layer, regressor: keras.Layer) -> None:
        super().__init__()
        self.framer = framer
        self.extractor = extractor
        self.regressor = regressor

    def call(self, scans: Tensor, training: bool = False) -> Tensor:
        """Positions [B, 2] of scans [B, n_ap]."""
        return self.representations(scans, training=training).position

    def representations(self, scans: Tensor, training: bool = False) -> Representations:
        """Outputs of all three parts."""
        z_f = self.framer(scans, training=training)
        z_e = self.extractor(z_f, training=training)
        return Representations(z_f, z_e, self.regressor(z_e, training=training))


def dnn(n_ap: int, *, width: int = 512, d_e: int = 256, dropout: float = 0.3) -> Student:
    """Tutelage's network `dnn` for scans scaled to length 1, of which `dropout` readings are left out."""
    readings = [layers.Dropout(dropout), layers.UnitNormalization(axis=-1)]
    student = Student(
        keras.Sequential([*readings, layers.Dense(width, "relu")], name="framer"),
        keras.Sequential([layers.Dense(width, "relu"), layers.Dense(d_e, "relu")], name="extractor"),
        keras.Sequential([layers.Dense(2)], name="regressor"),
    )
    student(np.zeros((1, n_ap)))
    return student


def position_error(scale_m: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Loss for `compile`: the mean distance in metres, where `scale_m` metres are one unit."""

    def error_m(truth: Tensor, predicted: Tensor) -> Tensor:
        return mean_distance(predicted, truth, scale_m)

    return error_m


def check_student(student: Student, n_ap: int) -> None:
    """Raise an error that names the first clause of the contract that does not hold.

    - Outputs are [B, d_E] and [B, 2] for B = 1 and more.
    - Without `training`, the answer is deterministic and does not depend on the rest of the batch.
    - Every weight that learns receives a finite gradient from the position, and some gradient is not 0.
    """
    scans = np.random.default_rng(0).random((8, n_ap)).astype(keras.config.floatx())
    scans[scans < 0.5] = 0.0
    whole = student.representations(scans)
    _clause(len(whole.z_e.shape) == 2, f"Z_E must be [B, d_E]; it is {tuple(whole.z_e.shape)}")
    _clause(tuple(whole.position.shape) == (8, 2), f"position must be [B, 2]; it is {whole.position.shape}")
    answer = _numpy(whole.position)
    _clause(np.array_equal(answer, _numpy(student(scans))), "the answer must be deterministic")
    for n in (2, 1):
        alone = _numpy(student(scans[:n]))
        _clause(
            np.allclose(alone, answer[:n], atol=1e-5), "an answer must not depend on the rest of the batch"
        )
    variables = student.trainable_variables
    slopes = gradient_of_weights(lambda: ops.sum(ops.square(student(scans))), variables)
    for variable, slope in zip(variables, map(_numpy, slopes), strict=True):
        reached = np.isfinite(slope).all() and slope.any()
        _clause(reached, f"weight {variable.path} receives no finite gradient from the position")


def _numpy(tensor: Tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def _clause(holds: bool, clause: str) -> None:
    if not holds:
        raise ValueError(f"the student breaks the contract: {clause}")
