"""A network of Keras layers that tutelage itself trains: with the PyTorch backend they are PyTorch modules.

    KERAS_BACKEND=torch python my_script.py

It needs tutelage beside this package.
"""

from __future__ import annotations

import keras
from keras import layers
from torch import nn

import tutelage as tt

__all__ = ["KerasNetwork", "register"]


class KerasNetwork(nn.Module):
    """Three Keras parts under tutelage's names, for scans [B, n_ap]. Replace the layers by your own."""

    def __init__(self, n_ap: int, *, width: int = 256, d_e: int = 128) -> None:
        super().__init__()
        # Saved weights go by the names of layers, and those that Keras makes up count on.
        dense = layers.Dense
        self.framer = _built(n_ap, dense(width, "relu", name="framer"))
        self.extractor = _built(
            width, dense(width, "relu", name="hidden"), dense(d_e, "relu", name="extractor")
        )
        self.regressor = _built(d_e, dense(2, name="regressor"))


def register(name: str = "keras-network") -> None:
    """Make the network known to tutelage: `fit`, `teach` and all else take it by its name."""
    if keras.backend.backend() != "torch":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=torch for tutelage's training"
        )
    tt.register_network(name, KerasNetwork)


def _built(width: int, *parts: keras.Layer) -> nn.Sequential:
    shape = (None, width)
    for part in parts:
        part.build(shape)
        shape = part.compute_output_shape(shape)
    return nn.Sequential(*parts)
