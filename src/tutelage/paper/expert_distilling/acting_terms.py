"""What acts: the share of each term of the overall loss (Eq. 12) in the gradient on the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.training import GradientShares

__all__ = ["ActingTerms", "gradient_norms"]


def gradient_norms(term: Tensor, *modules: nn.Module) -> list[Tensor]:
    """Measure the norm of the gradient of a term on the weights of each module.

    Nothing changes but the time: the graph is kept, and no gradient is stored.

    Parameters
    ----------
    term : Tensor
        Scalar, with its graph.
    *modules : Module
        Modules whose weights learn.

    Returns
    -------
    list of Tensor
        One scalar for each module; 0 where the term does not depend on it.
    """
    weights = [[p for p in module.parameters() if p.requires_grad] for module in modules]
    everything = [weight for each in weights for weight in each]
    gradients = iter(torch.autograd.grad(term, everything, retain_graph=True, allow_unused=True))
    return [_norm([next(gradients) for _ in each], term) for each in weights]


def _norm(gradients: Sequence[Tensor | None], like: Tensor) -> Tensor:
    reached = [gradient for gradient in gradients if gradient is not None]
    return get_total_norm(reached) if reached else torch.zeros_like(like)


class ActingTerms(nn.Module):
    """Measure how strongly each term acts on the network, and keep the mean and the last shares.

    Its buffers are part of the checkpoint, so that a resumed run has the same record. It has no weights.

    Parameters
    ----------
    recipe : DistillingRecipe
        The weights; a weight of 0 leaves its term out.
    device : torch.device
        Device of the run.
    """

    n_looks: Tensor
    sums: Tensor
    last: Tensor

    def __init__(self, recipe: DistillingRecipe, device: torch.device) -> None:
        super().__init__()
        self.weights = recipe.weights_in_use()
        zeros = torch.zeros(len(self.weights), device=device)
        self.register_buffer("n_looks", torch.zeros((), dtype=torch.int64, device=device))
        self.register_buffer("sums", zeros.clone())
        self.register_buffer("last", zeros.clone())

    @torch.no_grad()
    def look(self, terms: Mapping[str, Tensor], network: nn.Module, psi: nn.Module) -> dict[str, Tensor]:
        """Measure the shares of one step, and count them.

        Parameters
        ----------
        terms : Mapping of Tensor
            The terms in use, without weights (scalars with their graphs).
        network : Module
            The network that learns.
        psi : Module
            The estimator of the mutual information.

        Returns
        -------
        dict of Tensor
            `share J_MAE` and so on, of the network's gradient. With J_MI also `J_MI on Psi`, the norm of its
            gradient there over the sum of the norms on the network: Psi learns from no other term.
        """
        norms = {name: gradient_norms(terms[name], network, psi) for name in self.weights}
        on_network = torch.stack([weight * norms[name][0] for name, weight in self.weights.items()])
        whole = on_network.sum().clamp_min(torch.finfo(on_network.dtype).tiny)
        self.last.copy_(on_network / whole)
        self.sums += self.last
        self.n_looks += 1
        metrics = {
            f"share {name}": share for name, share in zip(self.weights, self.last.clone(), strict=True)
        }
        if "J_MI" in norms:
            metrics["J_MI on Psi"] = self.weights["J_MI"] * norms["J_MI"][1] / whole
        return metrics

    def shares(self) -> GradientShares | None:
        """Return the mean and the last shares; None before the first look."""
        n_looks = int(self.n_looks)
        return (
            GradientShares(mean=self._by_name(self.sums / n_looks), last=self._by_name(self.last))
            if n_looks
            else None
        )

    def _by_name(self, shares: Tensor) -> dict[str, float]:
        return {name: round(share, 6) for name, share in zip(self.weights, shares.tolist(), strict=True)}
