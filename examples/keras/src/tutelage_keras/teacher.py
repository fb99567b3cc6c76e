"""The surrogate teacher G = (F^G, E^G) and its file, which tutelage reads and writes too."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops
from safetensors import SafetensorError
from safetensors.numpy import load, save

__all__ = ["Generated", "Generator", "Teacher", "place_features"]

Tensor = Any

_FORMAT = "tutelage-teacher-1"
_LAYERS = ("framer.0", "framer.2", "extractor.0")  # their names in the file, in the order of `Generator`
_OCTAVES = 4
_GRID = 16


class Generated(NamedTuple):
    """Output of a surrogate teacher, a row for each sample."""

    z_f: Tensor
    """[B, d_F]"""
    z_e: Tensor
    """[B, d_E]"""


def place_features(place: Tensor) -> Tensor:
    """Places [B, 2] in the unit square to themselves and four octaves of sines and cosines, [B, 18]."""
    centred = 2.0 * place - 1.0
    octaves = ops.convert_to_tensor([np.pi * 2.0**k for k in range(_OCTAVES)], dtype=centred.dtype)
    angle = ops.reshape(centred[:, :, None] * octaves, (-1, 2 * _OCTAVES))
    return ops.concatenate([centred, ops.sin(angle), ops.cos(angle)], axis=1)


class Generator(keras.Model):
    """Three fully connected layers: two in F^G (noise and place -> Z_F), one in E^G (Z_F -> Z_E).

    `conditioned` tells whether it takes a place beside the noise; noise alone is as printed. `non_negative`
    closes E^G with a ReLU.
    """

    def __init__(
        self,
        d_e: int,
        *,
        d_noise: int = 64,
        d_f: int = 256,
        conditioned: bool = True,
        non_negative: bool = False,
    ) -> None:
        super().__init__()
        self.architecture = {
            "d_e": d_e,
            "d_noise": d_noise,
            "d_f": d_f,
            "conditioned": conditioned,
            "non_negative": non_negative,
        }
        self.first = layers.Dense(d_f, "relu")
        self.second = layers.Dense(d_f, "relu")
        self.extractor = layers.Dense(d_e, "relu" if non_negative else None)
        self.seed = keras.random.SeedGenerator()
        self(ops.zeros((1, d_noise)), ops.zeros((1, 2)))

    def call(self, noise: Tensor, place: Tensor) -> Generated:
        """Representations for noise [B, d_noise] at places [B, 2] in the unit square."""
        is_conditioned = self.architecture["conditioned"]
        inputs = ops.concatenate([noise, place_features(place)], axis=1) if is_conditioned else noise
        z_f = self.second(self.first(inputs))
        return Generated(z_f, self.extractor(z_f))

    def at(self, place: Tensor) -> Generated:
        """Representations for fresh noise at places [B, 2]."""
        shape = (ops.shape(place)[0], self.architecture["d_noise"])
        return self(keras.random.normal(shape, dtype=place.dtype, seed=self.seed), place)


@dataclass(frozen=True)
class Teacher:
    """A frozen generator, and the card that says where it comes from."""

    generator: Generator
    card: dict[str, Any]

    def __post_init__(self) -> None:
        """Freeze the generator."""
        self.generator.trainable = False

    @classmethod
    def described(
        cls, generator: Generator, place: np.ndarray, *, source: str, network: str, licence: str, **more: Any
    ) -> Teacher:
        """Make a teacher of a building from its generator and the places [n, 2] of its training scans.

        `network` names the network whose students it may teach. `more` are further entries of the card.
        """
        counts, _, _ = np.histogram2d(place[:, 1], place[:, 0], bins=_GRID, range=[[0, 1], [0, 1]])
        card = {
            "format": _FORMAT,
            "network": network,
            "network_settings": {},
            "d_e": generator.architecture["d_e"],
            "source": source,
            "data_hash": "",
            "n_train": len(place),
            "licence": licence,
            "recipe_name": "keras",
            "recipe": {},
            "seed": 0,
            "n_steps": 0,
            "quality": None,
            "privacy": None,
            "place_histogram": np.round(counts / counts.sum(), 5).tolist(),
            "version": f"keras {keras.__version__}",
        }
        return cls(generator, card | more)

    @classmethod
    def load(cls, path: str | Path) -> Teacher:
        """Read a teacher file, and check it against its checksum."""
        path = Path(path)
        if not path.is_file():
            raise ValueError(f"there is no teacher file {path}; make one with tutelage teach")
        content = path.read_bytes()
        try:
            tensors = load(content)
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
            if header.pop("sha256") != _checksum(header, tensors):
                raise ValueError("it does not match its checksum")
            card = json.loads(header["tutelage"])
            if card["format"] != _FORMAT:
                raise ValueError(f"its format is {card['format']}")
            generator = Generator(**json.loads(header["architecture"]))
            generator.set_weights(
                [
                    array
                    for name in _LAYERS
                    for array in (tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])
                ]
            )
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is no teacher file ({_FORMAT}), or is damaged: {error}") from error
        return cls(generator, card)

    def save(self, path: str | Path) -> None:
        """Write a teacher file; it appears whole or not at all."""
        arrays = [np.asarray(array, dtype=np.float32) for array in self.generator.get_weights()]
        tensors = {}
        for name, kernel, bias in zip(_LAYERS, arrays[::2], arrays[1::2], strict=True):
            tensors[f"{name}.weight"] = np.ascontiguousarray(kernel.T)
            tensors[f"{name}.bias"] = bias
        header = {"tutelage": json.dumps(self.card), "architecture": json.dumps(self.generator.architecture)}
        beside = Path(f"{path}.part")
        beside.write_bytes(save(tensors, metadata={**header, "sha256": _checksum(header, tensors)}))
        os.replace(beside, path)


def _checksum(header: dict[str, str], tensors: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].tobytes())
    return digest.hexdigest()
