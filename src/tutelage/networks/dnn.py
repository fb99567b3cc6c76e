"""DNN: the fully connected network of Félix et al. (2016), widths ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt
from torch import nn

from tutelage.networks.inputs import SparseLinear

__all__ = ["DNN"]


class DNN(nn.Module):
    """Dense 512-512-256 with ReLU, then Dense 2.

    F: first layer [B, n_ap] -> [B, width]. E: [B, width] -> [B, width] -> [B, d_e]. R: [B, d_e] -> [B, 2].

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    width : int
        Units of the first two layers.
    d_e : int
        Units of the representation Z_E.
    dropout : float
        Share of units dropped after each hidden layer.

    Notes
    -----
    Source: Félix, Siller, Álvarez, "A fingerprinting indoor localization algorithm based deep learning"
    (ICUFN 2016). The widths are not published; these are ours.
    """

    def __init__(
        self,
        n_ap: int,
        *,
        width: PositiveInt = 512,
        d_e: PositiveInt = 256,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    ) -> None:
        super().__init__()
        self.framer = nn.Sequential(SparseLinear(n_ap, width), nn.ReLU())
        self.extractor = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, d_e),
            nn.ReLU(),
        )
        self.regressor = nn.Linear(d_e, 2)
