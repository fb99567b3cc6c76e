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
    column : Tensor
        Access point of each reading, scan after scan, int64 [nnz].
    value : Tensor
        Representation of each reading, float32 [nnz].
    offset : Tensor
        Index of each scan's first reading, int64 [B].
    n_access_points : int
        Columns of the dense form.
    """

    column: Tensor
    value: Tensor
    offset: Tensor
    n_access_points: int

    @classmethod
    def full(cls, values: Tensor) -> FullBatch:
        """Make scans that heard everything; gradients flow through their values.

        Parameters
        ----------
        values : Tensor
            Values [B, h].

        Returns
        -------
        FullBatch
            B scans of h access points.
        """
        n, width = values.shape
        reading = torch.arange(n * width, device=values.device)
        return FullBatch(reading % width, values.flatten(), reading[::width], width)

    def __len__(self) -> int:
        """Count the scans."""
        return len(self.offset)

    @property
    def row(self) -> Tensor:
        """The scan that each reading belongs to, int64 [nnz]."""
        ends = torch.cat([self.offset[1:], self.offset.new_tensor([len(self.column)])])
        scans = torch.arange(len(self), device=self.offset.device)
        return scans.repeat_interleave(ends - self.offset, output_size=len(self.column))

    def dense(self) -> Tensor:
        """Fill in the access points that were not heard.

        Returns
        -------
        Tensor
            Values [B, n_access_points], 0 where nothing is heard.
        """
        full = self.value.new_zeros(len(self), self.n_access_points)
        return full.index_put((self.row, self.column), self.value)

    def row_normalised(self) -> RssBatch:
        """Scale each scan to Euclidean norm 1; a blank scan stays blank.

        Returns
        -------
        RssBatch
            The scans with other values.
        """
        row = self.row
        square = self.value.new_zeros(len(self)).index_add(0, row, self.value**2)
        return replace(self, value=self.value * square.clamp_min(1e-12).rsqrt()[row])


class FullBatch(RssBatch):
    """Scans with a value for every access point, as `RssBatch.full` makes them.

    No shape here depends on what is heard, so an exported graph can compute with them.
    """

    def dense(self) -> Tensor:
        """Give the values in the shape of a matrix.

        Returns
        -------
        Tensor
            Values [B, n_access_points].
        """
        return self.value.view(-1, self.n_access_points)

    def row_normalised(self) -> FullBatch:
        """Scale each scan to Euclidean norm 1; a blank scan stays blank.

        Returns
        -------
        FullBatch
            The scans with other values.
        """
        values = self.dense()
        square = (values**2).sum(dim=1, keepdim=True)
        return replace(self, value=(values * square.clamp_min(1e-12).rsqrt()).flatten())


class RssTable:
    """All scans of a set, resident on the device; `rows` draws a batch without a data loader.

    Parameters
    ----------
    representation : scipy.sparse.csr_array
        Represented RSS [n, n_access_points].
    device : torch.device
        Device that holds the scans.
    """

    def __init__(self, representation: sparse.csr_array, device: torch.device) -> None:
        self.start = torch.as_tensor(representation.indptr[:-1], dtype=torch.int64, device=device)
        self.length = torch.as_tensor(
            representation.indptr[1:] - representation.indptr[:-1], dtype=torch.int64, device=device
        )
        self.column = torch.as_tensor(representation.indices, dtype=torch.int64, device=device)
        self.value = torch.as_tensor(representation.data, dtype=torch.float32, device=device)
        self.n_access_points = int(representation.shape[1])

    def __len__(self) -> int:
        """Count the scans."""
        return len(self.start)

    def rows(self, index: Tensor) -> RssBatch:
        """Select scans.

        Parameters
        ----------
        index : Tensor
            Numbers of the scans, int64 [B].

        Returns
        -------
        RssBatch
            B scans.
        """
        length = self.length[index]
        offset = length.cumsum(0) - length
        place = torch.arange(int(length.sum()), device=index.device) - offset.repeat_interleave(length)
        reading = self.start[index].repeat_interleave(length) + place
        return RssBatch(self.column[reading], self.value[reading], offset, self.n_access_points)


class SparseLinear(nn.Module):
    """Affine map of an `RssBatch` [B, n_ap] -> [B, d_out]; no dense batch is made.

    The work grows with the access points heard. The gradient of the weights is dense, because the optimiser
    moves all of them at each step. The first weights are drawn as those of `torch.nn.Linear`.

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    d_out : int
        Width of the answer.
    """

    def __init__(self, n_ap: int, d_out: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_ap)
        self.weight = nn.Parameter(torch.empty(n_ap, d_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(d_out).uniform_(-bound, bound))

    def forward(self, scans: RssBatch) -> Tensor:
        """Sum the weight rows of the access points heard, each times its value.

        Parameters
        ----------
        scans : RssBatch
            B scans.

        Returns
        -------
        Tensor
            Answers [B, d_out].
        """
        # Where all are heard a dense product is faster.
        if isinstance(scans, FullBatch) or len(scans.column) == len(scans) * self.weight.shape[0]:
            return torch.addmm(self.bias, scans.dense(), self.weight)
        product = F.embedding_bag(
            scans.column, self.weight, scans.offset, mode="sum", per_sample_weights=scans.value
        )
        return product + self.bias
