"""bAaT: every access point a sum of 64 tokens, read by a Transformer (Nguyen et al. 2023).

Source: Nguyen, Le, Havinga, "Learning the world from its words: Anchor-agnostic transformers for
fingerprint-based indoor localization" (PerCom 2023). Second-hand: built from a description of the network,
neither from its publication nor from its code.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.errors import BadInputError
from tutelage.networks.inputs import RssBatch, SparseLinear

__all__ = ["Anchor2Vec", "BAaT"]

NOT_LIPSCHITZ = (
    "its Extractor is made of dot-product attention, which is not Lipschitz: it has no largest slope "
    "that J_FI could compare (the paper leaves J_FI out for it as well, Table 1 and section 4.3)"
)


class BAaT(nn.Module):
    """Tokens of the access points heard, a class token, pre-norm Transformer blocks, Dense 2.

    F: Anchor2Vec with class token and positions, RssBatch -> [B, 1 + tokens, d_e]; E: blocks and a last norm,
    of which the class token is the answer -> [B, d_e]; R: [B, d_e] -> [B, 2].

    Parameters
    ----------
    n_ap : access points heard in training
    tokens, d_e : Anchor2Vec maps a scan to this many tokens of this width
    blocks : Transformer blocks
    heads : of each block's attention; must divide d_e
    d_feed_forward : units between the two layers after each attention
    dropout : share of each block's two answers dropped

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
    """A scan as tokens: one affine map, read for the access points heard alone; class token first.

    Parameters
    ----------
    n_ap : access points
    tokens, width : shape of the answer, [B, 1 + tokens, width]
    """

    def __init__(self, n_ap: int, tokens: int, width: int) -> None:
        super().__init__()
        self.embedding = SparseLinear(n_ap, tokens * width)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, 1 + tokens, width))
        self.tokens = tokens

    def forward(self, scans: RssBatch) -> Tensor:
        """[B, 1 + tokens, width]."""
        seen = self.embedding(scans).unflatten(1, (self.tokens, -1))
        return torch.cat([self.class_token.expand(seen.shape[0], -1, -1), seen], dim=1) + self.position


class Encoder(nn.Module):
    """Blocks and a norm; [B, T, d] -> the class token [B, d].

    Nothing reads the other tokens after the last block, so that block answers for the class token alone: the
    same numbers for about three quarters of the work.
    """

    def __init__(self, blocks: int, d: int, heads: int, d_feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(d, heads, d_feed_forward, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(d)

    def forward(self, z_f: Tensor) -> Tensor:
        *others, last = self.blocks
        for block in others:
            z_f = block(z_f, n_answers=z_f.shape[1])
        answer: Tensor = self.norm(last(z_f, n_answers=1)[:, 0])
        return answer


class Block(nn.Module):
    """Attention and two dense layers with GELU, each behind a norm and beside a shortcut (pre-norm).

    `torch.nn.TransformerEncoderLayer` with the dropout that it has on attention weights takes twice the time
    on a CPU: PyTorch's fused attention there knows none.
    """

    def __init__(self, d: int, heads: int, d_feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.dense_norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.query, self.key_value, self.answer = nn.Linear(d, d), nn.Linear(d, 2 * d), nn.Linear(d, d)
        self.dense = nn.Sequential(nn.Linear(d, d_feed_forward), nn.GELU(), nn.Linear(d_feed_forward, d))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, *, n_answers: int) -> Tensor:
        """[B, T, d] -> [B, n_answers, d], for the first `n_answers` tokens."""
        seen = self.attention_norm(tokens)
        query = self._by_head(self.query(seen[:, :n_answers]))
        key, value = map(self._by_head, self.key_value(seen).chunk(2, dim=-1))
        attended = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        kept = tokens[:, :n_answers] + self.dropout(self.answer(attended))
        out: Tensor = kept + self.dropout(self.dense(self.dense_norm(kept)))
        return out

    def _by_head(self, x: Tensor) -> Tensor:
        """[B, T, d] -> [B, heads, T, d / heads]."""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
