"""BayesCNN: a fingerprint as an image, read by VGG blocks whose shapes are searched (Sinha and Le 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.errors import BadInputError
from tutelage.networks.search_space import Suggest

__all__ = ["BAYESCNN_START", "BayesCNN", "FingerprintImage", "bayescnn_space"]

Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=5)]
OddKernels = Annotated[tuple[Annotated[int, Field(ge=1, le=11)], ...], Field(min_length=1, max_length=5)]


class BayesCNN(nn.Module):
    """VGG blocks on the fingerprint image, Dense d_E, Dense 2; ReLU throughout.

    F: image [B, 1, s, s] and block 1 -> a map [B, widths[0], s/2, s/2]. E: the other blocks, flatten, Dense
    -> [B, d_e]. R: [B, d_e] -> [B, 2]. A block is two convolutions of the same size and a 2 x 2 max-pool.

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    widths : tuple of int
        Channels of each block.
    kernels : tuple of int
        Side of the kernels, an odd number: one value for all blocks, or one for each.
    d_e : int
        Units of the representation Z_E.
    dropout : float
        Share of units dropped before and after the dense layer.

    Raises
    ------
    BadInputError
        If there are neither one nor as many kernels as blocks, or one is even.

    Notes
    -----
    Source: Sinha and Le, "Completely automated CNN architecture design based on VGG blocks for fingerprinting
    localisation" (IPIN 2021). Their blocks are not published. These defaults are VGG's, and `tutelage tune`
    begins its search with them.
    """

    def __init__(
        self,
        n_ap: int,
        *,
        widths: Widths = (32, 64, 128),
        kernels: OddKernels = (3,),
        d_e: PositiveInt = 256,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    ) -> None:
        super().__init__()
        sizes = _block_kernels(widths, kernels)
        image = FingerprintImage(n_ap, smallest=2 ** len(widths))
        before = (1, *widths[:-1])
        blocks = [_vgg_block(*block) for block in zip(before, widths, sizes, strict=True)]
        last_side = image.side // 2 ** len(widths)
        self.framer = nn.Sequential(image, blocks[0])
        self.extractor = nn.Sequential(
            *blocks[1:],
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(widths[-1] * last_side**2, d_e),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.regressor = nn.Linear(d_e, 2)
        self.apply(_he_initialise)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third less time on a CPU


class FingerprintImage(nn.Module):
    """The square image of a fingerprint: its values row after row, zeros behind.

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    smallest : int, default 1
        Least side of the image in pixels, so that every block has something to pool.
    """

    def __init__(self, n_ap: int, *, smallest: int = 1) -> None:
        super().__init__()
        self.side = max(math.isqrt(n_ap - 1) + 1, smallest)
        self.n_padded = self.side**2 - n_ap

    def forward(self, scans: Tensor) -> Tensor:
        """Lay fingerprints out as images.

        Parameters
        ----------
        scans : Tensor
            Fingerprints [B, n_ap].

        Returns
        -------
        Tensor
            Images [B, 1, side, side].
        """
        return F.pad(scans, (0, self.n_padded)).view(-1, 1, self.side, self.side)


BAYESCNN_START: dict[str, Any] = {
    "blocks": 3,
    **{f"width_{i}": width for i, width in enumerate((32, 64, 128))},
    **{f"kernel_{i}": 3 for i in range(3)},
}
"""The answers to `bayescnn_space` that make the default network."""


def bayescnn_space(suggest: Suggest) -> dict[str, Any]:
    """Ask a search for an architecture: one to four blocks, their widths, their kernels.

    Parameters
    ----------
    suggest : Suggest
        A trial of the search.

    Returns
    -------
    dict
        Settings of `BayesCNN`: `widths` and `kernels`.
    """
    n_blocks = suggest.suggest_int("blocks", 1, 4)
    widths = [suggest.suggest_int(f"width_{i}", 16, 128, step=16) for i in range(n_blocks)]
    kernels = [suggest.suggest_categorical(f"kernel_{i}", (3, 5, 7)) for i in range(n_blocks)]
    return {"widths": tuple(widths), "kernels": tuple(kernels)}


def _vgg_block(n_in: int, n_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, padding="same"),
        nn.ReLU(),
        nn.Conv2d(n_out, n_out, kernel, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


def _he_initialise(layer: nn.Module) -> None:
    """Draw weights as He et al. (2015) do.

    They keep the signal's size through many ReLU layers; PyTorch's own weights shrink it.
    """
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _block_kernels(widths: Sequence[int], kernels: Sequence[int]) -> list[int]:
    if len(kernels) not in (1, len(widths)):
        raise BadInputError(
            f"kernels has {len(kernels)} values for {len(widths)} blocks; give one for all, or one a block"
        )
    if even := [size for size in kernels if size % 2 == 0]:
        raise BadInputError(f"kernels must be odd, to keep the image's size; {even[0]} is even")
    return list(kernels) if len(kernels) == len(widths) else list(kernels) * len(widths)
