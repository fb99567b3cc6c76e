"""The state of a run: everything that the next step depends on, kept in a file without pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import atomic_file
from tutelage.runtime.prefixes import with_prefix
from tutelage.training.device import random_state, restore_random_state

__all__ = ["TrainState"]

_FORMAT = "tutelage-checkpoint-1"


@dataclass
class TrainState:
    """Modules, optimisers, step count and random generators of a run.

    Parameters
    ----------
    modules : dict of Module
        By name.
    optimizers : dict of Optimizer
        By name.
    n_steps : int
        Steps of the whole run.
    device : torch.device
        Device of the modules.
    fingerprint : dict
        What must agree for a checkpoint to be continued, by name: settings, data.
    step : int
        Steps that are done.
    """

    modules: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    n_steps: int
    device: torch.device
    fingerprint: dict[str, Any] = field(default_factory=dict)
    step: int = 0

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        return self.step / max(1, self.n_steps)

    def save(self, path: Path) -> None:
        """Write the state; the file appears whole or not at all.

        Parameters
        ----------
        path : Path
            The checkpoint.
        """
        tensors: dict[str, Tensor] = {}
        for name, module in self.modules.items():
            tensors |= {f"module/{name}/{key}": value for key, value in module.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, slot in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer/{name}/{index}/{key}": torch.as_tensor(v) for key, v in slot.items()}
        tensors |= {f"random/{key}": value for key, value in random_state(self.device).items()}
        header = {
            "format": _FORMAT,
            "step": self.step,
            "n_steps": self.n_steps,
            "fingerprint": self.fingerprint,
        }
        with atomic_file(path) as beside:
            own = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
            # Not save_file, which has an error of its own for a full disk.
            beside.write_bytes(save(own, metadata={"tutelage": json.dumps(header)}))

    def load(self, path: Path) -> None:
        """Read a state that `save` wrote.

        Parameters
        ----------
        path : Path
            The checkpoint.

        Raises
        ------
        FileFormatError
            If the file is damaged or no checkpoint.
        BadInputError
            If it belongs to a run with other settings or data; the difference is named.
        """
        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {})["tutelage"])
                if header.get("format") != _FORMAT:
                    raise FileFormatError(f"{path} is no checkpoint of this version; name another folder")
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
        except (SafetensorError, KeyError, json.JSONDecodeError, OSError) as error:
            raise FileFormatError(
                f"checkpoint {path} is damaged ({error}); remove it and start without --resume"
            ) from error
        self._require_same_run(path, header)
        for name, module in self.modules.items():
            if its_tensors := with_prefix(tensors, f"module/{name}/"):  # an older file lacks younger records
                module.load_state_dict(its_tensors)
        for name, optimizer in self.optimizers.items():
            slots: dict[int, dict[str, Tensor]] = {}
            for key, value in with_prefix(tensors, f"optimizer/{name}/").items():
                index, slot = key.split("/", 1)
                slots.setdefault(int(index), {})[slot] = value
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": slots, "param_groups": groups})
        restore_random_state(with_prefix(tensors, "random/"), self.device)
        self.step, self.n_steps = header["step"], header["n_steps"]

    def _require_same_run(self, path: Path, header: dict[str, Any]) -> None:
        here = json.loads(json.dumps(self.fingerprint))
        theirs = header["fingerprint"]
        differing = sorted(k for k in here.keys() | theirs.keys() if here.get(k) != theirs.get(k))
        if differing:
            name = differing[0]
            raise BadInputError(
                f"checkpoint {path} belongs to another run: {name} was {theirs.get(name)!r}, "
                f"now {here.get(name)!r}; use the same settings, or start without --resume"
            )
