"""The matcher's network in NumPy: how much each candidate of a scan counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["CandidateWeights"]

_MOST = 5.0  # standard deviations: a feature of a strange building does not run away
_EPSILON = np.float32(1e-5)  # of PyTorch's LayerNorm
_BLOCK = 2048  # candidates at a time: their arrays stay in the processor's cache
# erf(x) = x P(x^2) / Q(x^2) for |x| <= 4, to 3e-7: the approximation for float32 in XLA and in Eigen.
_ERF_P = (
    *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05),
    *(-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
)
_ERF_Q = (
    *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03),
    *(-7.37332916720468e-03, -1.42647390514189e-02),
)
_HALF_ROOT = np.float32(np.sqrt(0.5))


class CandidateWeights:
    """Weights of candidates from their features; `MatcherNetwork` is the same network where it is trained.

    Parameters
    ----------
    arrays : mapping of str to numpy.ndarray
        Arrays of its `state_dict`, float32.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._centre = arrays["centre"]
        self._spread = arrays["spread"]
        self._hidden = [
            (
                *_linear(arrays, f"layers.{n}"),
                arrays[f"layers.{n + 1}.weight"],
                arrays[f"layers.{n + 1}.bias"],
            )
            for n in (0, 3)
        ]
        weight, bias = _linear(arrays, "layers.6")
        self._score = weight[:, 0], bias[0]  # the second output, a distance, serves for training alone

    def __call__(self, feature: np.ndarray) -> np.ndarray:
        """Weigh candidates.

        Parameters
        ----------
        feature : numpy.ndarray
            Features of k candidates for each of n scans, [n, k, len(FEATURES)] float32.

        Returns
        -------
        numpy.ndarray
            Weights, [n, k] float32, at least 0; those of a scan sum to 1.
        """
        rows = feature.reshape(-1, feature.shape[2])
        score = np.empty(feature.shape[:2], dtype=np.float32)
        scores = score.reshape(-1)
        for first in range(0, len(rows), _BLOCK):
            these = slice(first, first + _BLOCK)
            scores[these] = self._scores(rows[these])
        score -= score.max(axis=1, keepdims=True)
        np.exp(score, out=score)
        score /= score.sum(axis=1, keepdims=True)
        return score

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        value = (rows - self._centre) / self._spread
        np.clip(value, -_MOST, _MOST, out=value)
        for weight, bias, scale, shift in self._hidden:
            value = value @ weight
            value += bias
            value -= value.mean(axis=1, keepdims=True)
            value /= np.sqrt(np.square(value).mean(axis=1, keepdims=True) + _EPSILON)
            value *= scale
            value += shift
            _gelu(value)
        weight, bias = self._score
        return np.asarray(value @ weight + bias)


def _linear(arrays: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(arrays[f"{name}.weight"].T), arrays[f"{name}.bias"]


def _gelu(x: np.ndarray) -> None:
    """Replace float32 values x by x (1 + erf(x / sqrt(2))) / 2."""
    z = x * _HALF_ROOT
    np.clip(z, -4.0, 4.0, out=z)
    square = z * z
    z *= _polynomial(_ERF_P, square)
    z /= _polynomial(_ERF_Q, square)
    z += np.float32(1.0)
    z *= np.float32(0.5)
    x *= z


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """Return a polynomial of x, the highest power first."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value *= x
        value += np.float32(coefficient)
    return value
