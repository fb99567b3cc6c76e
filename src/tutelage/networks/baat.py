"""bAaT: a scan as a sum of 64 tokens for each access point, read by a Transformer (Nguyen et al. 2023).

Source: Nguyen, Le, Havinga, "Learning the world from its words: Anchor-agnostic transformers for
fingerprint-based indoor localization" (PerCom 2023). It is built from a description of the network, neither
from its publication nor from its code.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.errors import BadInputError
from tutelage.networks.inputs import RssBatch, SparseLinear

__all__ = ["NOT_LIPSCHITZ", "Anchor2Vec", "BAaT", "Block", "Encoder"]

NOT_LIPSCHITZ = (
    "its Extractor is made of dot-product attention, which is not Lipschitz: it has no largest slope "
    "that J_FI could compare (the paper leaves J_FI out for it as well, Table 1 and section 4.3)"
)
"""Why J_FI is refused for bAaT."""


class BAaT(nn.Module):
    """Tokens of the access points heard, a class token, pre-norm Transformer blocks, Dense 2.

    F: Anchor2Vec with class token and positions, RssBatch -> [B, 1 + tokens, d_e]. E: blocks and a last norm,
    which answer with the class token -> [B, d_e]. R: [B, d_e] -> [B, 2].

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    tokens : int
        Number of tokens that Anchor2Vec makes of a scan.
    d_e : int
        Units of a token, and of the representation Z_E.
    blocks : int
        Transformer blocks.
    heads : int
        Heads of each block's attention. They must divide `d_e`.
    d_feed_forward : int
        Units between the two dense layers after each attention.
    dropout : float
        Share dropped of each block's two answers.

    Raises
    ------
    BadInputError
        If `heads` does not divide `d_e`.
    """

    def __init__(
        self,
        n_ap: int,
        *,
        tokens: PositiveInt = 64,
        d_e: PositiveInt = 128,
        blocks: PositiveInt = 3,
        heads: PositiveInt = 8,
        d_feed_forward: PositiveInt = 512,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        if d_e % heads:
            raise BadInputError(f"heads = {heads} does not divide d_e = {d_e}; choose a divisor of it")
        self.framer = Anchor2Vec(n_ap, tokens, d_e)
        self.extractor = Encoder(blocks, d_e, heads, d_feed_forward, dropout)
        self.regressor = nn.Linear(d_e, 2)


class Anchor2Vec(nn.Module):
    """Tokens of a scan by one affine map, which reads the access points heard alone; class token first.

    Parameters
    ----------
    n_ap : int
        Access points heard in training.
    tokens, width : int
        Number and width of the tokens of a scan.
    """

    def __init__(self, n_ap: int, tokens: int, width: int) -> None:
        super().__init__()
        self.embedding = SparseLinear(n_ap, tokens * width)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, 1 + tokens, width))
        self.tokens = tokens

    def forward(self, scans: RssBatch) -> Tensor:
        """Make tokens of scans.

        Parameters
        ----------
        scans : RssBatch
            B scans.

        Returns
        -------
        Tensor
            Tokens [B, 1 + tokens, width].
        """
        tokens = self.embedding(scans).unflatten(1, (self.tokens, -1))
        return torch.cat([self.class_token.expand(tokens.shape[0], -1, -1), tokens], dim=1) + self.position


class Encoder(nn.Module):
    """Blocks and a norm, from tokens [B, T, d] to the class token [B, d].

    Nothing reads the other tokens after the last block, so that block answers for the class token alone. The
    numbers are the same for about three quarters of the work.

    Parameters
    ----------
    blocks : int
        Transformer blocks.
    d : int
        Width of a token.
    heads, d_feed_forward, dropout
        As in `Block`.
    """

    def __init__(self, blocks: int, d: int, heads: int, d_feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(d, heads, d_feed_forward, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(d)

    def forward(self, z_f: Tensor) -> Tensor:
        """Read tokens.

        Parameters
        ----------
        z_f : Tensor
            Tokens [B, T, d], the class token first.

        Returns
        -------
        Tensor
            Class token [B, d] after the last block.
        """
        *others, last = self.blocks
        for block in others:
            z_f = block(z_f, n_answers=z_f.shape[1])
        answer: Tensor = self.norm(last(z_f, n_answers=1)[:, 0])
        return answer


class Block(nn.Module):
    """Attention and two dense layers with GELU, each behind a norm and beside a shortcut (pre-norm).

    `torch.nn.TransformerEncoderLayer` drops attention weights as well. PyTorch's fused attention on a CPU
    knows no dropout, so that layer takes twice the time.

    Parameters
    ----------
    d : int
        Width of a token.
    heads : int
        Heads of the attention; must divide `d`.
    d_feed_forward : int
        Units between the two dense layers.
    dropout : float
        Share of the two answers that is dropped.
    """

    def __init__(self, d: int, heads: int, d_feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(d)
        self.dense_norm = nn.LayerNorm(d)
        self.query = nn.Linear(d, d)
        self.key_value = nn.Linear(d, 2 * d)
        self.answer = nn.Linear(d, d)
        self.dense = nn.Sequential(nn.Linear(d, d_feed_forward), nn.GELU(), nn.Linear(d_feed_forward, d))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, *, n_answers: int) -> Tensor:
        """Answer for the first tokens.

        Parameters
        ----------
        tokens : Tensor
            Tokens [B, T, d].
        n_answers : int
            Number of tokens to answer for.

        Returns
        -------
        Tensor
            The first tokens after this block, [B, n_answers, d].
        """
        normal = self.attention_norm(tokens)
        query = self._split_heads(self.query(normal[:, :n_answers]))
        key, value = map(self._split_heads, self.key_value(normal).chunk(2, dim=-1))
        attention = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        middle = tokens[:, :n_answers] + self.dropout(self.answer(attention))
        out: Tensor = middle + self.dropout(self.dense(self.dense_norm(middle)))
        return out

    def _split_heads(self, x: Tensor) -> Tensor:
        """Turn [B, T, d] into [B, heads, T, d / heads]."""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
