"""What learning a building ends in: a trained network that answers, whichever way it was taught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.networks import RssTable, SpecializedNetwork, behind_encoder, network_spec
from tutelage.runtime.positions import Located
from tutelage.training import LabelHeads, LearningRecipe, normalised

__all__ = ["TrainedNetwork"]

_ROWS = 1024  # scans at a time
_HEADS = "label_heads."  # before the names of the heads' weights


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that knows its building.

    Parameters
    ----------
    network : trained, in evaluation mode, on the CPU
    representation, scaler : fitted on the training scans
    recipe : what it learnt by
    n_steps : how long
    heads : floors and buildings, None without
    """

    network: SpecializedNetwork
    representation: RssRepresentation
    scaler: CoordinateScaler
    recipe: LearningRecipe
    n_steps: int
    heads: LabelHeads | None = None

    def finished(self, n_steps: int) -> TrainedNetwork:
        """The same, learning no more: on the CPU, in evaluation mode."""
        heads = self.heads.cpu() if self.heads is not None else None
        return replace(self, network=self.network.eval().cpu(), heads=heads, n_steps=n_steps)

    @torch.no_grad()
    def locate(self, scans: FingerprintSet) -> Located:
        """Positions [n, 2] in the training frame, and labels where there are heads."""
        device = next(self.network.parameters()).device
        table = RssTable(self.representation.transform(scans), device)
        rows = torch.split(torch.arange(len(table), device=device), _ROWS)
        answers = [self.network(normalised(table.rows(r), self.recipe)) for r in rows]
        position = _joined([answer.position for answer in answers], np.empty((0, 2)))
        labels: dict[str, np.ndarray] = {}
        if self.heads is not None:
            chosen = [self.heads(answer.z_e) for answer in answers]
            for kind, classes in self.heads.classes.items():
                index = _joined([answer[kind] for answer in chosen], np.empty(0, dtype=np.int64))
                labels[kind] = np.asarray(classes)[index]
        return Located(self.scaler.metres(position), **labels)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {
            "network": self.network.spec.name,
            "settings": self.network.settings,
            "encoder_width": self.network.spec.encoder_width,
            "representation": self.representation.config(),
            "scaler": self.scaler.config(),
            "recipe": LearningRecipe(**_learning_part(self.recipe.model_dump())).model_dump(),
            "n_steps": self.n_steps,
            "labels": self.heads.classes if self.heads is not None else {},
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """The weights as arrays."""
        weights = dict(self.network.module.state_dict())
        if self.heads is not None:
            weights |= {_HEADS + key: value for key, value in self.heads.state_dict().items()}
        return {key: value.cpu().numpy() for key, value in weights.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> TrainedNetwork:
        """The student that `config` and `tensors` described."""
        representation = RssRepresentation.from_config(config["representation"])
        spec = network_spec(config["network"])
        if width := config.get("encoder_width"):
            spec = behind_encoder(spec, width)
        n_ap = len(representation.access_points)
        network = SpecializedNetwork(spec, n_ap, config["settings"])
        weights = {key: torch.as_tensor(value) for key, value in tensors.items()}
        of_heads = {key: weights.pop(key) for key in list(weights) if key.startswith(_HEADS)}
        network.module.load_state_dict(weights)
        heads = None
        if config["labels"]:
            heads = LabelHeads(network.d_e(n_ap), config["labels"])
            heads.load_state_dict({key.removeprefix(_HEADS): value for key, value in of_heads.items()})
        return cls(
            network.eval(),
            representation,
            CoordinateScaler.from_config(config["scaler"]),
            LearningRecipe(**config["recipe"]),
            config["n_steps"],
            heads,
        )


def _learning_part(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name in LearningRecipe.model_fields}


def _joined(parts: list[Tensor], empty: np.ndarray) -> np.ndarray:
    return torch.cat(parts).cpu().numpy() if parts else empty
