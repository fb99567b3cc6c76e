"""The weights that a network starts from: PyTorch's, or those that Keras draws."""

from __future__ import annotations

from typing import Literal, TypeVar

from torch import nn

from tutelage.networks.inputs import SparseLinear

__all__ = ["InitialWeights", "initialise"]

InitialWeights = Literal["pytorch", "keras"]

Module = TypeVar("Module", bound=nn.Module)


def initialise(module: Module, kind: InitialWeights) -> Module:
    """Draw the first weights of a fresh module.

    Parameters
    ----------
    module : Module
        Freshly made.
    kind : {"pytorch", "keras"}
        "pytorch" leaves the weights as they are: PyTorch's, or those that the network's author chose. "keras"
        draws those of dense and convolutional layers again as Keras does: Glorot uniform, zero biases.

    Returns
    -------
    Module
        The same module.

    Notes
    -----
    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
    (AISTATS 2010), Eq. 16. Keras takes it for these layers where nothing is said.
    """
    if kind == "keras":
        module.apply(_as_keras)
    return module


def _as_keras(layer: nn.Module) -> None:
    if isinstance(layer, (SparseLinear, nn.Linear, nn.Conv1d, nn.Conv2d)):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
