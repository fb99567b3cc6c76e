"""Gradients that can be differentiated again: all that depends on Keras' backend.

Only the critic's gradient penalty needs them. All other training goes through Keras' own `fit` and
`train_on_batch`, and power iteration is plain operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["gradient", "gradient_of_weights"]


def gradient(function: Callable[[list[Any]], Any], at: Sequence[Any]) -> list[Any]:
    """Gradients of a scalar function of tensors. The point is a constant: nothing flows back into it."""
    point = [keras.ops.stop_gradient(keras.ops.convert_to_tensor(each)) for each in at]
    return _GRADIENTS[keras.backend.backend()](function, point)


def gradient_of_weights(function: Callable[[], Any], variables: Sequence[keras.Variable]) -> list[Any]:
    """Gradients of a scalar with respect to weights."""

    def with_values(values: list[Any]) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function()

    return gradient(with_values, [variable.value for variable in variables])


def _tensorflow(function: Callable[[list[Any]], Any], at: list[Any]) -> list[Any]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.gradient(value, at, unconnected_gradients="zero")


def _jax(function: Callable[[list[Any]], Any], at: list[Any]) -> list[Any]:
    import jax

    return jax.grad(function)(at)


def _torch(function: Callable[[list[Any]], Any], at: list[Any]) -> list[Any]:
    import torch

    with torch.enable_grad():
        at = [each.requires_grad_() for each in at]
        return list(torch.autograd.grad(function(at), at, create_graph=True, materialize_grads=True))


_GRADIENTS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
