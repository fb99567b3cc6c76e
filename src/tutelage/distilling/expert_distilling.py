"""Expert Distilling: a network learns its building under the tutelage of teachers (Paper, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from tutelage.constraints import MutualInformationEstimator
from tutelage.distilling.objective import distilling_step
from tutelage.distilling.pairing import Pairing
from tutelage.distilling.recipe import DistillingRecipe
from tutelage.fingerprints import FingerprintSet
from tutelage.networks import RssTable, SpecializedNetwork, network_spec
from tutelage.positions import Located
from tutelage.representation import CoordinateScaler, RssRepresentation
from tutelage.teaching import Teacher, teaching_recipe, untrained_teacher
from tutelage.training import (
    RunOptions,
    Step,
    TrainingData,
    TrainState,
    begin,
    epochs_in_paper,
    make_optimizer,
    normalised,
    resolve_device,
    run_stage,
    seeded,
    supervised_step,
)

__all__ = ["Student", "TeacherChoice", "distil"]

_ROWS = 4096  # scans at a time when nothing is learnt

TeacherChoice = Teacher | Literal["untrained"]


@dataclass(frozen=True)
class Student:
    """A network that knows its building.

    Parameters
    ----------
    network : trained, in evaluation mode, on the CPU
    representation, scaler : fitted on the training scans
    recipe : what it learnt by
    n_steps : how long
    """

    network: SpecializedNetwork
    representation: RssRepresentation
    scaler: CoordinateScaler
    recipe: DistillingRecipe
    n_steps: int

    @torch.no_grad()
    def locate(self, scans: FingerprintSet) -> Located:
        """Positions [n, 2] in the training frame; this network gives no floors or buildings."""
        device = next(self.network.parameters()).device
        table = RssTable(self.representation.transform(scans), device)
        rows = torch.split(torch.arange(len(table), device=device), _ROWS)
        found = [self.network(normalised(table.rows(r), self.recipe)).position.cpu() for r in rows]
        return Located(self.scaler.metres(torch.cat(found).numpy() if found else np.empty((0, 2))))

    def config(self) -> dict[str, Any]:
        """What `from_config` needs beside the tensors."""
        return {
            "network": self.network.spec.name,
            "settings": self.network.settings,
            "representation": self.representation.config(),
            "scaler": self.scaler.config(),
            "recipe": self.recipe.model_dump(),
            "n_steps": self.n_steps,
        }

    def tensors(self) -> dict[str, np.ndarray]:
        """The weights as arrays."""
        return {key: value.cpu().numpy() for key, value in self.network.module.state_dict().items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Student:
        """The student that `config` and `tensors` described."""
        representation = RssRepresentation.from_config(config["representation"])
        spec = network_spec(config["network"])
        network = SpecializedNetwork(spec, len(representation.access_points), config["settings"])
        network.module.load_state_dict({key: torch.as_tensor(value) for key, value in tensors.items()})
        return cls(
            network.eval(),
            representation,
            CoordinateScaler.from_config(config["scaler"]),
            DistillingRecipe(**config["recipe"]),
            config["n_steps"],
        )


def distil(
    train: FingerprintSet,
    network: str,
    network_settings: dict[str, Any],
    teachers: Sequence[TeacherChoice],
    recipe_name: str,
    recipe: DistillingRecipe,
    options: RunOptions,
) -> Student:
    """Train `network` on the target building; without teachers, on its own scans alone.

    Parameters
    ----------
    train : scans with positions, each hearing something
    network, network_settings : the student
    teachers : surrogate teachers, or "untrained" for one with random weights
    recipe_name : "paper" takes the paper's number of epochs where the budget is open
    recipe, options : how to learn; seed, device, budget, checkpoints

    Raises
    ------
    BadInputError
        If a teacher was made for another network or another d_E.
    """
    device = resolve_device(options.device)
    with seeded(options.seed, device):
        representation = RssRepresentation.fit(train, recipe.representation)
        scaler = CoordinateScaler.fit(train.known_position_m)
        n_ap = len(representation.access_points)
        student = SpecializedNetwork(network_spec(network), n_ap, network_settings).to(device)
        data = TrainingData(train, representation, scaler, device)
        present = _present(teachers, student, data, recipe_name, recipe, options.seed)
        epochs = epochs_in_paper(len(train)) if recipe_name == "paper" else None
        n_steps = options.budget.n_steps(len(train), recipe.batch_size, epochs)
        state = TrainState({"network": student}, {}, n_steps, device)
        state.fingerprint = {
            "network": network,
            "network_settings": student.settings,
            "recipe": recipe.model_dump(),
            "seed": options.seed,
            "data": train.content_hash(),
            "teachers": [[t.card.source, t.content_hash()] for t in present],
        }
        step = _student_step(state, student, present, data, recipe)
        begin(options)
        run_stage("student", state, step, data, recipe.batch_size, options)
    return Student(student.eval().cpu(), representation, scaler, recipe, state.n_steps)


def _student_step(
    state: TrainState,
    student: SpecializedNetwork,
    teachers: Sequence[Teacher],
    data: TrainingData,
    recipe: DistillingRecipe,
) -> Step:
    """The step of the run, its modules and optimisers put into `state`."""
    scale_m = data.scaler.scale_m
    if not teachers:
        state.optimizers["student"] = optimizer = make_optimizer(recipe, student)
        return supervised_step(student, optimizer, recipe, scale_m)
    psi = MutualInformationEstimator(teachers[0].card.d_e).to(state.device)
    pairing = Pairing(teachers, recipe, len(data), state.device)
    state.modules["psi"] = psi
    state.optimizers["student"] = optimizer = make_optimizer(recipe, student, psi)
    return distilling_step(student, pairing, psi, optimizer, recipe, scale_m)


def _present(
    teachers: Sequence[TeacherChoice],
    student: SpecializedNetwork,
    data: TrainingData,
    recipe_name: str,
    recipe: DistillingRecipe,
    seed: int,
) -> list[Teacher]:
    """The teachers themselves, untrained ones made; each must fit the student."""
    if not teachers:
        return []
    with torch.no_grad():
        scans = normalised(data.table.rows(torch.arange(min(2, len(data)), device=data.device)), recipe)
        z_e = student.eval()(scans).z_e
    d_e, non_negative = int(z_e.shape[1]), bool((z_e >= 0).all())
    present = [
        untrained_teacher(
            student.spec.name,
            d_e,
            teaching_recipe(recipe_name),
            non_negative=non_negative,
            seed=seed + position,
        )
        if teacher == "untrained"
        else teacher
        for position, teacher in enumerate(teachers)
    ]
    for teacher in present:
        teacher.require_fit(student.spec.name, d_e)
    return present
