"""A trained network, however it was trained: it locates scans, and is written to and read from a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.networks import RssTable, SpecializedNetwork, behind_encoder, network_spec
from tutelage.runtime.positions import Located
from tutelage.runtime.votes import network_answers
from tutelage.training.labels import LabelHeads
from tutelage.training.learning_recipe import LearningRecipe
from tutelage.training.training_data import normalise

__all__ = ["GradientShares", "TrainedNetwork"]

_ROWS = 1024  # scans at a time
_HEADS = "label_heads."  # before the names of the heads' weights


class GradientShares(BaseModel):
    """The share of each term of a loss in what moved the network: 0 to 1, by the name of the term.

    A term's share is the norm of its gradient on the network, times its weight, over the sum of these norms.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: dict[str, float]
    """Mean over the looks of the training, one every 25 steps."""
    last: dict[str, float]
    """At the last step."""


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that was trained in a building.

    Parameters
    ----------
    network : SpecializedNetwork
        The network; once trained, in evaluation mode on the CPU.
    representation : RssRepresentation
        Fitted on the training scans.
    scaler : CoordinateScaler
        Fitted on the training scans.
    recipe : LearningRecipe
        Settings of the training.
    n_steps : int
        Number of updates.
    heads : LabelHeads, optional
        Heads for floor, building and place.
    gradient_shares : GradientShares, optional
        The share of each term in a loss of several terms; a record of the training, not of the network, so
        that `config` is without it.
    has_positions : bool, default True
        False after a survey of places alone: then the output for the position never learnt anything.
    """

    network: SpecializedNetwork
    representation: RssRepresentation
    scaler: CoordinateScaler
    recipe: LearningRecipe
    n_steps: int
    heads: LabelHeads | None = None
    gradient_shares: GradientShares | None = None
    has_positions: bool = True
    radio_map: ClassVar[None] = None  # a network holds no scans

    def finish(self, n_steps: int) -> TrainedNetwork:
        """End the training: move network and heads to the CPU, in evaluation mode.

        Parameters
        ----------
        n_steps : int
            Number of updates.

        Returns
        -------
        TrainedNetwork
            With the same network.
        """
        heads = self.heads.cpu() if self.heads is not None else None
        return replace(self, network=self.network.eval().cpu(), heads=heads, n_steps=n_steps)

    @torch.no_grad()
    def locate(self, scans: FingerprintSet) -> Located:
        """Locate scans.

        Parameters
        ----------
        scans : FingerprintSet
            n scans.

        Returns
        -------
        Located
            Positions [n, 2] in metres in the training frame, NaN after a survey of places alone, and labels
            where there are heads.
        """
        device = next(self.network.parameters()).device
        table = RssTable(self.representation.transform(scans), device)
        rows = torch.split(torch.arange(len(table), device=device), _ROWS)
        answers = [self.network(normalise(table.rows(r), self.recipe)) for r in rows]
        position = _concatenate([answer.position for answer in answers], np.empty((0, 2)))
        position_m = self.scaler.metres(position)
        if not self.has_positions:
            position_m = np.full(position_m.shape, np.nan)
        if self.heads is None:
            return Located(position_m)
        parts = [self.heads(answer.z_e) for answer in answers]
        logits = {
            kind: _concatenate([part[kind] for part in parts], np.empty((0, len(names))))
            for kind, names in self.heads.classes.items()
        }
        return network_answers(position_m, self.heads.classes, logits)

    def config(self) -> dict[str, Any]:
        """Describe the network without its weights, for `from_config`.

        Returns
        -------
        dict
            Can be written as JSON.
        """
        return {
            "network": self.network.spec.name,
            "settings": self.network.settings,
            "encoder_width": self.network.spec.encoder_width,
            "representation": self.representation.config(),
            "scaler": self.scaler.config(),
            "recipe": LearningRecipe(**_learning_part(self.recipe.model_dump())).model_dump(),
            "n_steps": self.n_steps,
            "labels": self.heads.classes if self.heads is not None else {},
            **({} if self.has_positions else {"positions": False}),
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """Copy the weights of network and heads into arrays.

        Returns
        -------
        dict of ndarray
            By name.
        """
        weights = dict(self.network.module.state_dict())
        if self.heads is not None:
            weights |= {_HEADS + key: value for key, value in self.heads.state_dict().items()}
        return {key: value.cpu().numpy() for key, value in weights.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> TrainedNetwork:
        """Make the network that `config` and `tensors` described.

        Parameters
        ----------
        config : Mapping
            From `config`.
        tensors : Mapping of ndarray
            From `tensors`.

        Returns
        -------
        TrainedNetwork
            Gives the same positions.
        """
        representation = RssRepresentation.from_config(config["representation"])
        spec = network_spec(config["network"])
        if width := config.get("encoder_width"):
            spec = behind_encoder(spec, width)
        n_ap = len(representation.access_points)
        network = SpecializedNetwork(spec, n_ap, config["settings"])
        weights = {key: torch.as_tensor(value) for key, value in tensors.items()}
        head_weights = {key: weights.pop(key) for key in list(weights) if key.startswith(_HEADS)}
        network.module.load_state_dict(weights)
        heads = None
        if config["labels"]:
            heads = LabelHeads(network.d_e(n_ap), config["labels"])
            heads.load_state_dict({key.removeprefix(_HEADS): value for key, value in head_weights.items()})
        return cls(
            network.eval(),
            representation,
            CoordinateScaler.from_config(config["scaler"]),
            LearningRecipe(**config["recipe"]),
            config["n_steps"],
            heads,
            has_positions=config.get("positions", True),
        )


def _learning_part(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name in LearningRecipe.model_fields}


def _concatenate(parts: list[Tensor], empty: np.ndarray) -> np.ndarray:
    return torch.cat(parts).cpu().numpy() if parts else empty
