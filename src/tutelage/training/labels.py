"""Floor and building beside the position: heads on Z_E that learn with the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["LabelHeads", "label_classes", "label_index"]

_UNKNOWN = -100  # of cross_entropy: such scans count for nothing


def label_classes(train: FingerprintSet) -> dict[str, tuple[str, ...]]:
    """The floors and the buildings named in `train`, in order; a kind that is never named is left out."""
    named = {"floor": train.floor, "building": train.building}
    found = {
        kind: tuple(str(label) for label in np.unique(labels) if label)
        for kind, labels in named.items()
        if labels is not None
    }
    return {kind: classes for kind, classes in found.items() if classes}


def label_index(
    scans: FingerprintSet, classes: Mapping[str, Sequence[str]], device: torch.device
) -> dict[str, Tensor]:
    """[n] int64 for each kind: each scan's place in `classes`, -100 where its label is unknown."""
    named = {"floor": scans.floor, "building": scans.building}
    index = {}
    for kind, known in classes.items():
        labels, order = np.asarray(named[kind]), np.asarray(known)
        place = np.minimum(np.searchsorted(order, labels), len(order) - 1)
        index[kind] = torch.as_tensor(np.where(order[place] == labels, place, _UNKNOWN), device=device)
    return index


class LabelHeads(nn.Module):
    """One affine map from Z_E to the classes of each kind of label.

    Parameters
    ----------
    d_e : width of Z_E
    classes : sorted names of each kind, as `label_classes` gives them
    """

    def __init__(self, d_e: int, classes: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.classes = {kind: tuple(known) for kind, known in classes.items()}
        self.heads = nn.ModuleDict({kind: nn.Linear(d_e, len(known)) for kind, known in classes.items()})

    def loss(self, z_e: Tensor, true: Mapping[str, Tensor]) -> Tensor:
        """Sum over kinds of the mean cross-entropy, over the scans whose label is known (scalar).

        Parameters
        ----------
        z_e : [B, d_E]
        true : [B] int64 of each kind, as `label_index` gives them
        """
        terms = [
            F.cross_entropy(head(z_e), true[kind], ignore_index=_UNKNOWN, reduction="sum")
            / (true[kind] != _UNKNOWN).sum().clamp_min(1)
            for kind, head in self.heads.items()
        ]
        return torch.stack(terms).sum()

    def forward(self, z_e: Tensor) -> dict[str, Tensor]:
        """[B] int64 of each kind: the likeliest class."""
        return {kind: head(z_e).argmax(dim=1) for kind, head in self.heads.items()}
