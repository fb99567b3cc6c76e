"""A network of a package's own: attention over what a scan hears, read sparsely."""

from __future__ import annotations

from torch import Tensor, nn

from tutelage.networks import RssBatch, SparseLinear, register_network

__all__ = ["ExampleAttention"]


class Tokens(nn.Module):
    """Framer: a scan as tokens [B, tokens, width], from the weights of the access points heard alone."""

    def __init__(self, n_ap: int, tokens: int, width: int) -> None:
        super().__init__()
        self.embedding, self.shape = SparseLinear(n_ap, tokens * width), (tokens, width)

    def forward(self, scans: RssBatch) -> Tensor:
        tokens: Tensor = self.embedding(scans).unflatten(1, self.shape)
        return tokens


class Mean(nn.Module):
    """[B, tokens, width] to [B, width]."""

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens.mean(dim=1)


class ExampleAttention(nn.Module):
    """One block of attention over `tokens` tokens, and their mean."""

    def __init__(self, n_ap: int, *, tokens: int = 8, width: int = 32) -> None:
        super().__init__()
        self.framer = Tokens(n_ap, tokens, width)
        block = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
        self.extractor = nn.Sequential(block, Mean())
        self.regressor = nn.Linear(width, 2)


register_network(
    "example-attention",
    ExampleAttention,
    sparse_input=True,
    no_functional_information="dot-product attention is not Lipschitz",
)
