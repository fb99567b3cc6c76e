"""Floor, building and place beside the position: heads on Z_E that learn with the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["LabelHeads", "label_classes", "label_index"]

_KINDS = ("floor", "building", "place")
_UNKNOWN = -100  # the index that cross_entropy leaves out


def label_classes(scans: FingerprintSet) -> dict[str, tuple[str, ...]]:
    """List the floors, the buildings and the places that scans name.

    Parameters
    ----------
    scans : FingerprintSet
        Training scans.

    Returns
    -------
    dict of tuple of str
        Sorted names under "floor", "building" and "place"; a kind that no scan names is left out.
    """
    labels_by_kind = {kind: getattr(scans, kind) for kind in _KINDS}
    classes_by_kind = {
        kind: tuple(str(label) for label in np.unique(labels) if label)
        for kind, labels in labels_by_kind.items()
        if labels is not None
    }
    return {kind: classes for kind, classes in classes_by_kind.items() if classes}


def label_index(
    scans: FingerprintSet, classes: Mapping[str, Sequence[str]], device: torch.device
) -> dict[str, Tensor]:
    """Look up the index of each scan's labels.

    Parameters
    ----------
    scans : FingerprintSet
        n scans with the labels of `classes`.
    classes : Mapping
        Sorted names of each kind.
    device : torch.device
        Device of the result.

    Returns
    -------
    dict of Tensor
        For each kind [n] int64, the index of each scan's label in `classes`; -100 for an unknown label.
    """
    index = {}
    for kind, names in classes.items():
        labels = np.asarray(getattr(scans, kind))
        order = np.asarray(names)
        place = np.minimum(np.searchsorted(order, labels), len(order) - 1)
        index[kind] = torch.as_tensor(np.where(order[place] == labels, place, _UNKNOWN), device=device)
    return index


class LabelHeads(nn.Module):
    """One affine map from Z_E to the classes of each kind of label.

    Parameters
    ----------
    d_e : int
        Width of Z_E.
    classes : Mapping
        Sorted names of each kind, from `label_classes`.
    """

    def __init__(self, d_e: int, classes: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.classes = {kind: tuple(names) for kind, names in classes.items()}
        self.heads = nn.ModuleDict({kind: nn.Linear(d_e, len(names)) for kind, names in classes.items()})

    def loss(self, z_e: Tensor, true: Mapping[str, Tensor]) -> Tensor:
        """Compute the mean cross-entropy of each kind over the scans with a known label, and sum them.

        Parameters
        ----------
        z_e : Tensor
            Representations [B, d_E].
        true : Mapping of Tensor
            [B] int64 for each kind, from `label_index`.

        Returns
        -------
        Tensor
            Scalar in nats.
        """
        terms = [
            F.cross_entropy(head(z_e), true[kind], ignore_index=_UNKNOWN, reduction="sum")
            / (true[kind] != _UNKNOWN).sum().clamp_min(1)
            for kind, head in self.heads.items()
        ]
        return torch.stack(terms).sum()

    def forward(self, z_e: Tensor) -> dict[str, Tensor]:
        """Compute the logits of each kind.

        Parameters
        ----------
        z_e : Tensor
            Representations [B, d_E].

        Returns
        -------
        dict of Tensor
            [B, classes] for each kind.
        """
        return {kind: head(z_e) for kind, head in self.heads.items()}
