"""What acts: the share of each term of the overall loss (Eq. 12) in the gradient on the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.training import GradientShares

__all__ = ["ActingTerms", "gradient_norms"]

_HOLD_EVERY = 5  # steps: within 25 of them, the gradient of J_MI changes tenfold
_SMOOTHING = 0.5  # how much of a norm, on a log scale, is that of the measurements before
_ON_PSI = "J_MI on Psi"


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
    all_weights = [weight for of_module in weights for weight in of_module]
    gradients = iter(torch.autograd.grad(term, all_weights, retain_graph=True, allow_unused=True))
    return [_norm([next(gradients) for _ in of_module], term) for of_module in weights]


def _norm(gradients: Sequence[Tensor | None], term: Tensor) -> Tensor:
    reached = [gradient for gradient in gradients if gradient is not None]
    return get_total_norm(reached) if reached else torch.zeros_like(term)


class ActingTerms(nn.Module):
    """Measure how strongly each term acts on the network, and hold terms at a share of the gradient.

    Its buffers are part of the checkpoint: a resumed run has the same record, and goes on with the same
    weights. It learns nothing.

    Parameters
    ----------
    recipe : DistillingRecipe
        The weights; a weight of 0 leaves its term out. The shares at which terms are held.
    device : torch.device
        Device of the run.
    """

    n_looks: Tensor
    sums: Tensor
    last: Tensor
    norms: Tensor
    weights: Tensor

    def __init__(self, recipe: DistillingRecipe, device: torch.device) -> None:
        super().__init__()
        weights = recipe.weights_in_use()
        self.names = tuple(weights)
        self.held = recipe.held_shares()
        self.register_buffer("n_looks", torch.zeros((), dtype=torch.int64, device=device))
        for name in ("sums", "last", "norms"):
            self.register_buffer(name, torch.zeros(len(weights), device=device))
        self.register_buffer("weights", torch.tensor([*weights.values()], device=device))

    def held_weights(self) -> dict[str, Tensor]:
        """Return the present weight of each held term (scalars), by its name."""
        return {name: self.weights[self.names.index(name)] for name in self.held}

    def hold(self, terms: Mapping[str, Tensor], network: nn.Module, step: int) -> None:
        """Give the held terms the weights with which they have their shares, at every fifth step.

        The norms of the gradients are smoothed over these steps. A term without a gradient keeps its norm and
        its weight: no weight would give it a share.

        Parameters
        ----------
        terms : Mapping of Tensor
            The terms in use, without weights (scalars with their graphs).
        network : Module
            The network that learns.
        step : int
            Number of the step, from 0.
        """
        if not self.held or step % _HOLD_EVERY:
            return
        norms = torch.stack([gradient_norms(terms[name], network)[0] for name in self.names])
        smoothed = self.norms**_SMOOTHING * norms ** (1 - _SMOOTHING)
        smoothed = torch.where(self.norms > 0, smoothed, norms)
        self.norms = torch.where(norms > 0, smoothed, self.norms)
        shares = torch.tensor([self.held.get(name, 0.0) for name in self.names], device=norms.device)
        pull_of_others = (self.weights * self.norms)[shares == 0].sum()
        pull_of_all = pull_of_others / (1 - shares.sum())
        can_act = (shares > 0) & (self.norms > 0)
        self.weights = torch.where(can_act, shares * pull_of_all / self.norms, self.weights)

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
        measured = {name: gradient_norms(terms[name], network, psi) for name in self.names}
        norms = torch.stack([on_network for on_network, _ in measured.values()])
        pulls = self.weights * norms
        pull_of_all = pulls.sum().clamp_min(torch.finfo(pulls.dtype).tiny)
        self.last = pulls / pull_of_all
        self.sums = self.sums + self.last
        self.n_looks += 1
        metrics = {f"share {name}": share for name, share in zip(self.names, self.last, strict=True)}
        if "J_MI" in measured:
            metrics[_ON_PSI] = self.weights[self.names.index("J_MI")] * measured["J_MI"][1] / pull_of_all
        return metrics

    def shares(self) -> GradientShares | None:
        """Return the mean and the last shares; None before the first look."""
        n_looks = int(self.n_looks)
        if not n_looks:
            return None
        return GradientShares(mean=self._by_name(self.sums / n_looks), last=self._by_name(self.last))

    def _by_name(self, shares: Tensor) -> dict[str, float]:
        return {name: round(share, 6) for name, share in zip(self.names, shares.tolist(), strict=True)}
