"""What a network reads: a batch of scans, sparse on the device."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["FullBatch", "RssBatch", "RssTable", "SparseLinear"]


@dataclass(frozen=True)
class RssBatch:
    """B scans in the representation of RSS, stored by the access points they heard.

    Parameters
    ----------
    column : [nnz] int64, access point of each reading, scan after scan
    value : [nnz] float32, its representation
    offset : [B] int64, where each scan begins
    n_access_points : columns of the dense form
    """

    column: Tensor
    value: Tensor
    offset: Tensor
    n_access_points: int

    @classmethod
    def full(cls, values: Tensor) -> FullBatch:
        """Dense values [B, h] as scans that heard everything; gradients flow through them."""
        n, width = values.shape
        reading = torch.arange(n * width, device=values.device)
        return FullBatch(reading % width, values.flatten(), reading[::width], width)

    def __len__(self) -> int:
        return len(self.offset)

    @property
    def row(self) -> Tensor:
        """[nnz] int64: the scan each reading belongs to."""
        ends = torch.cat([self.offset[1:], self.offset.new_tensor([len(self.column)])])
        scans = torch.arange(len(self), device=self.offset.device)
        return scans.repeat_interleave(ends - self.offset, output_size=len(self.column))

    def dense(self) -> Tensor:
        """[B, n_access_points], 0 where nothing is heard."""
        full = self.value.new_zeros(len(self), self.n_access_points)
        return full.index_put((self.row, self.column), self.value)

    def row_normalised(self) -> RssBatch:
        """Each scan scaled to Euclidean norm 1 (a blank scan stays blank)."""
        row = self.row
        square = self.value.new_zeros(len(self)).index_add(0, row, self.value**2)
        return replace(self, value=self.value * square.clamp_min(1e-12).rsqrt()[row])


class FullBatch(RssBatch):
    """Scans with a value for every access point, as `RssBatch.full` makes them.

    No shape here depends on what is heard, so an exported graph can compute with them.
    """

    def dense(self) -> Tensor:
        """[B, n_access_points]."""
        return self.value.view(-1, self.n_access_points)

    def row_normalised(self) -> FullBatch:
        """Each scan scaled to Euclidean norm 1 (a blank scan stays blank)."""
        values = self.dense()
        square = (values**2).sum(dim=1, keepdim=True)
        return replace(self, value=(values * square.clamp_min(1e-12).rsqrt()).flatten())


class RssTable:
    """All scans of a set, resident on the device; `rows` draws a batch without a data loader."""

    def __init__(self, representation: sparse.csr_array, device: torch.device) -> None:
        self.start = torch.as_tensor(representation.indptr[:-1], dtype=torch.int64, device=device)
        self.length = torch.as_tensor(
            representation.indptr[1:] - representation.indptr[:-1], dtype=torch.int64, device=device
        )
        self.column = torch.as_tensor(representation.indices, dtype=torch.int64, device=device)
        self.value = torch.as_tensor(representation.data, dtype=torch.float32, device=device)
        self.n_access_points = int(representation.shape[1])

    def __len__(self) -> int:
        return len(self.start)

    def rows(self, index: Tensor) -> RssBatch:
        """The scans at `index` [B]."""
        length = self.length[index]
        offset = length.cumsum(0) - length
        within = torch.arange(int(length.sum()), device=index.device) - offset.repeat_interleave(length)
        reading = self.start[index].repeat_interleave(length) + within
        return RssBatch(self.column[reading], self.value[reading], offset, self.n_access_points)


class SparseLinear(nn.Module):
    """Affine map of an `RssBatch` [B, n_ap] -> [B, d]; no dense batch is made.

    Reading weights grows with the access points heard; the weights' gradient is dense, because the optimiser
    moves all of them at each step. Initialised as `torch.nn.Linear` is.
    """

    def __init__(self, n_ap: int, d_out: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_ap)
        self.weight = nn.Parameter(torch.empty(n_ap, d_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(d_out).uniform_(-bound, bound))

    def forward(self, scans: RssBatch) -> Tensor:
        """Sum of the weight rows of the access points heard, each times its value."""
        # Where all are heard a dense product is faster.
        if isinstance(scans, FullBatch) or len(scans.column) == len(scans) * self.weight.shape[0]:
            return torch.addmm(self.bias, scans.dense(), self.weight)
        heard = F.embedding_bag(
            scans.column, self.weight, scans.offset, mode="sum", per_sample_weights=scans.value
        )
        return heard + self.bias
