"""The surrogate teacher G = (F^G, E^G) and its critic C (Paper, section 3.1)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tutelage.precision import full

__all__ = ["Critic", "Generated", "Generator", "gradient_penalty"]

_OCTAVES = 4


class Generated(NamedTuple):
    """Output of a surrogate teacher, a row for each sample."""

    z_f: Tensor
    """[B, d_F]"""
    z_e: Tensor
    """[B, d_E]"""


class Generator(nn.Module):
    """Three fully connected layers: two in F^G (noise -> Z_F), one in E^G (Z_F -> Z_E).

    Parameters
    ----------
    d_e : int
        Width of Z_E.
    d_noise : int
        k, width of the noise.
    d_f : int
        Width of Z_F and of the hidden layer.
    conditioned : bool
        Take a place beside the noise (A3); otherwise noise alone, as printed.
    non_negative : bool, default False
        Close E^G with a ReLU, for networks whose Z_E is never negative.
    """

    def __init__(
        self, d_e: int, *, d_noise: int, d_f: int, conditioned: bool, non_negative: bool = False
    ) -> None:
        super().__init__()
        self.d_e = d_e
        self.d_noise = d_noise
        self.conditioned = conditioned
        self.non_negative = non_negative
        d_in = d_noise + (_place_width() if conditioned else 0)
        self.framer = nn.Sequential(nn.Linear(d_in, d_f), nn.ReLU(), nn.Linear(d_f, d_f), nn.ReLU())
        last: list[nn.Module] = [nn.Linear(d_f, d_e)]
        self.extractor = nn.Sequential(*last, *([nn.ReLU()] if non_negative else []))

    def noise(self, n: int, device: torch.device) -> Tensor:
        """Draw standard normal noise [n, d_noise] from the run's generator."""
        return torch.randn(n, self.d_noise, device=device)

    def forward(self, noise: Tensor, place: Tensor) -> Generated:
        """Generate samples.

        Parameters
        ----------
        noise : Tensor
            [B, d_noise]
        place : Tensor
            [B, 2] in the unit square; not used by an unconditioned generator.

        Returns
        -------
        Generated
            Z_F^G and Z_E^G.
        """
        z_f = self.framer(torch.cat([noise, place_features(place)], dim=1) if self.conditioned else noise)
        return Generated(full(z_f), full(self.extractor(z_f)))

    def architecture(self) -> dict[str, int | bool]:
        """List the keyword arguments that make the same module again."""
        first = self.framer[0]
        assert isinstance(first, nn.Linear)
        return {
            "d_e": self.d_e,
            "d_noise": self.d_noise,
            "d_f": first.out_features,
            "conditioned": self.conditioned,
            "non_negative": self.non_negative,
        }


class Critic(nn.Module):
    """Three fully connected layers without batch norm, from Z_E and places to scores.

    Parameters
    ----------
    d_e : int
        Width of Z_E.
    width : int
        Units of the two hidden layers.
    conditioned : bool
        Take the place of each sample too (A3).
    """

    def __init__(self, d_e: int, *, width: int, conditioned: bool) -> None:
        super().__init__()
        self.conditioned = conditioned
        d_in = d_e + (_place_width() if conditioned else 0)
        self.layers = nn.Sequential(
            nn.Linear(d_in, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )

    def forward(self, z_e: Tensor, place: Tensor) -> Tensor:
        """Score samples, higher for those that look like the network's own.

        Parameters
        ----------
        z_e : Tensor
            [B, d_E]
        place : Tensor
            [B, 2] in the unit square.

        Returns
        -------
        Tensor
            [B]
        """
        features = torch.cat([z_e, place_features(place)], dim=1) if self.conditioned else z_e
        scores: Tensor = self.layers(features)
        return full(scores).squeeze(1)


def gradient_penalty(critic: Critic, real: Tensor, generated: Tensor, place: Tensor) -> Tensor:
    """Compute the mean squared distance from 1 of the critic's gradient norm between samples.

    Parameters
    ----------
    critic : Critic
        C.
    real, generated : Tensor
        Z_E^S and Z_E^G, [B, d_E]; no gradient flows into them.
    place : Tensor
        [B, 2], places of the real samples.

    Returns
    -------
    Tensor
        Scalar.

    Notes
    -----
    Source: Paper, Algorithm 2, line 13; Gulrajani et al., "Improved training of Wasserstein GANs" (2017),
    Eq. 3.
    """
    share = torch.rand(len(real), 1, device=real.device)
    between = (share * real + (1 - share) * generated).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between, place).sum(), between, create_graph=True)
    return (gradient.square().sum(dim=1).add(1e-12).sqrt() - 1).square().mean()


def place_features(place: Tensor) -> Tensor:
    """Describe places by themselves and by four octaves of sines and cosines.

    Parameters
    ----------
    place : Tensor
        [B, 2] in the unit square.

    Returns
    -------
    Tensor
        [B, 18]
    """
    centred = 2 * place - 1
    frequency = math.pi * 2.0 ** torch.arange(_OCTAVES, device=place.device)
    angle = (centred[:, :, None] * frequency).flatten(1)
    return torch.cat([centred, angle.sin(), angle.cos()], dim=1)


def _place_width() -> int:
    return 2 + 2 * 2 * _OCTAVES
