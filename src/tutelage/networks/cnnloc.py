"""CNNLoc: a stacked autoencoder before one-dimensional convolutions (Song et al. 2019)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.networks.initial_weights import initialise
from tutelage.networks.inputs import RssBatch, SparseLinear

__all__ = ["Autoencoder", "CNNLoc"]

_HIDDEN = 128
_CODE = 64
_CHANNELS = (99, 66, 33)
_KERNEL = 22


class CNNLoc(nn.Module):
    """Encoder n_ap-128-64, three convolutions along the code, Dense 2; ELU throughout.

    F: encoder [B, n_ap] -> [B, 64]. E: dropout, reshape [B, 1, 64], Conv1d of 99, 66 and 33 channels, kernel
    22, no padding (lengths 43, 22, 1), flatten -> [B, 33]. R: [B, 33] -> [B, 2]. The encoder learns to
    reconstruct scans before the rest learns positions, and goes on learning with it.

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    dropout : float
        Share of the code dropped before the convolutions.

    Notes
    -----
    Source: Song et al., "A novel convolutional neural network based indoor localization framework with WiFi
    fingerprinting" (IEEE Access 7, 2019), with the layers of the authors' published files.
    """

    def __init__(self, n_ap: int, *, dropout: Annotated[float, Field(ge=0, lt=1)] = 0.7) -> None:
        super().__init__()
        self.framer = nn.Sequential(
            SparseLinear(n_ap, _HIDDEN), nn.ELU(), nn.Linear(_HIDDEN, _CODE), nn.ELU()
        )
        before = (1, *_CHANNELS[:-1])
        convolutions = [
            layer
            for n_in, n_out in zip(before, _CHANNELS, strict=True)
            for layer in (nn.Conv1d(n_in, n_out, _KERNEL), nn.ELU())
        ]
        self.extractor = nn.Sequential(
            nn.Dropout(dropout), nn.Unflatten(1, (1, _CODE)), *convolutions, nn.Flatten()
        )
        self.regressor = nn.Linear(_CHANNELS[-1], 2)
        # The squares of PyTorch's own weights are a third as large; the code hardly passes three convolutions
        # of such weights.
        initialise(self, "keras")
        self.n_ap = n_ap

    def pretraining(self) -> nn.Module:
        """Build the autoencoder whose first half is the Framer.

        Returns
        -------
        nn.Module
            The module that `tutelage.training.pretraining` trains before positions are learnt.
        """
        return Autoencoder(self.framer, self.n_ap)


class Autoencoder(nn.Module):
    """An encoder to 64 units with a decoder 64-128-n_ap that is thrown away afterwards.

    Parameters
    ----------
    encoder : nn.Module
        Maps an `RssBatch` to codes [B, 64].
    n_ap : int
        Access points to reconstruct.
    """

    def __init__(self, encoder: nn.Module, n_ap: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = nn.Sequential(nn.Linear(_CODE, _HIDDEN), nn.ELU(), nn.Linear(_HIDDEN, n_ap))

    def forward(self, scans: RssBatch) -> Tensor:
        """Compute the reconstruction error.

        Parameters
        ----------
        scans : RssBatch
            B scans.

        Returns
        -------
        Tensor
            Scalar: mean square of the differences over scans and access points.
        """
        return F.mse_loss(self.decoder(self.encoder(scans)), scans.dense())
