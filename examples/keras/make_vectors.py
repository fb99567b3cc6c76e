"""Write the numbers that the Keras versions are held against: inputs, and values and gradients of tutelage.

    python examples/keras/make_vectors.py

Everything is random numbers in float64, but for one shipped teacher. No survey is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save
from torch import Tensor, nn

import tutelage as tt
from tutelage.files.atomic import atomic_file
from tutelage.losses import (
    MutualInformationEstimator,
    angular_similarity,
    functional_information,
    largest_singular_value,
    mean_distance,
    mutual_information,
)
from tutelage.losses.singular_values import seeded_normal
from tutelage.networks import Representations, RssBatch, SpecializedNetwork, build_network
from tutelage.paper.expert_distilling import (
    DistillingRecipe,
    DistillingTerms,
    distilling_recipe,
    overall_loss,
)
from tutelage.paper.expert_training import Critic, Generated, Generator, teaching_recipe, untrained_teacher
from tutelage.paper.expert_training.adversarial_steps import Adversaries, update_critic, update_generator
from tutelage.training import Batch, TrainingData

FILE = Path(__file__).parent / "vectors" / "vectors.safetensors"
SHIPPED = Path(__file__).parents[2] / "src" / "tutelage" / "methods" / "teachers" / "shipped"
TEACHER = "cnnloc-dsi1"

N, D_F, D_E, SCALE_M = 12, 9, 6, 7.5
CPU = torch.device("cpu")


@contextmanager
def _float64(seed: int) -> Iterator[None]:
    """Fresh numbers and weights are float64 and seeded; afterwards all is as before."""
    before = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


class Vectors:
    """Arrays by name: CASE/in/NAME, CASE/value and CASE/gradient/NAME."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def put(self, name: str, tensor: Tensor) -> None:
        self.arrays[name] = tensor.detach().numpy().copy(order="C")

    def case(self, name: str, function: Callable[[], Tensor], leaves: Mapping[str, Tensor]) -> None:
        """Add a scalar function of tensors and weights: what enters it, its value, its gradients."""
        variables = [leaf.requires_grad_() for leaf in leaves.values()]
        value = function()
        gradients = torch.autograd.grad(value, variables, materialize_grads=True)
        self.put(f"{name}/value", value)
        for label, leaf, gradient in zip(leaves, variables, gradients, strict=True):
            self.put(f"{name}/in/{label}", _turned(label, leaf))
            self.put(f"{name}/gradient/{label}", _turned(label, gradient))


def vectors() -> dict[str, np.ndarray]:
    """Make all vectors, the same in every call."""
    made = Vectors()
    for seed, part in enumerate((_constraints, _overall_loss, _algorithm_2, _teacher)):
        with _float64(seed):
            part(made)
    return made.arrays


def _constraints(made: Vectors) -> None:
    z_student, z_teacher = torch.randn(N, D_E), torch.randn(N, D_E)
    z_student[0] = 0.0  # a dead sample
    z_teacher[1] = 2 * z_student[1]  # one that agrees
    for form in ("batch_mean", "per_sample"):
        leaves = {"z_student": z_student, "z_teacher": z_teacher}
        made.case(
            f"sim {form}", lambda form=form: angular_similarity(z_student, z_teacher, form=form), leaves
        )

    predicted, truth = torch.randn(N, 2), torch.randn(N, 2)
    predicted[0] = truth[0]  # an exact answer
    made.case(
        "mae",
        lambda: mean_distance(predicted, truth, scale_m=SCALE_M),
        {"predicted": predicted, "truth": truth},
    )

    psi = MutualInformationEstimator(D_E, width=8)
    leaves = {"z_student": z_student, "z_teacher": z_teacher, **_weights("psi", psi)}
    made.case("mi", lambda: mutual_information(psi, z_student, z_teacher), leaves)

    start = seeded_normal((D_E, 1), z_student)
    made.put("start", start)
    factor = torch.randn(3, N, D_E)
    made.case(
        "sigma",
        lambda: largest_singular_value(factor.mT @ factor, iterations=40).sum(),
        {"factor": factor},
    )
    z_map, z_e = torch.randn(N, 3, 2, 2), torch.randn(N, D_E)  # a feature map is flattened
    teachers = [(torch.randn(N, D_F), torch.randn(N, D_E)) for _ in range(2)]
    for i, (z_f_teacher, z_e_teacher) in enumerate(teachers):
        made.put(f"fi/z_f_teacher{i}", z_f_teacher)
        made.put(f"fi/z_e_teacher{i}", z_e_teacher)
    for form in ("literal", "scale_free", "log_ratio"):
        made.case(
            f"fi {form}",
            lambda form=form: functional_information(z_map, z_e, teachers, form=form),
            {"z_f": z_map, "z_e": z_e},
        )


def _overall_loss(made: Vectors) -> None:
    """Eq. 12 as the student's training computes it, for each recipe."""
    survey = tt.simulated_survey(n_train=N, n_test=1)
    network = build_network("dnn", 5, {"width": 8, "d_e": D_E})
    shape = teaching_recipe("default", {"d_f": D_F, "d_noise": 4})
    teachers = [untrained_teacher("dnn", D_E, shape, non_negative=True, seed=seed) for seed in (1, 2)]
    psi = MutualInformationEstimator(D_E, width=8)  # its own width would fill megabytes
    output = Representations(torch.rand(N, D_F), torch.rand(N, D_E), torch.randn(N, 2))
    batch = _batch()
    made.put("eq12/position", batch.position)
    for name in ("paper", "printed", "default"):
        recipe = distilling_recipe(name)
        _, data = TrainingData.prepared(survey.train, recipe, CPU)
        made.put("eq12/scale_m", torch.tensor(data.scaler.scale_m))
        terms = DistillingTerms(network, teachers, data, recipe)
        terms.constraints.psi = psi
        generated = terms.pairing(batch, output.z_e)
        for i, each in enumerate(generated):
            made.put(f"eq12 {name}/z_f_teacher{i}", each.z_f)
            made.put(f"eq12 {name}/z_e_teacher{i}", each.z_e)

        def loss(
            terms: DistillingTerms = terms,
            generated: list[Generated] = generated,
            recipe: DistillingRecipe = recipe,
            scale_m: float = data.scaler.scale_m,
        ) -> Tensor:
            j_mae = mean_distance(output.position, batch.position, scale_m=scale_m)
            if recipe.mae_form == "both":
                j_mae = j_mae + terms.error_of_generated_m(generated, batch)
            return overall_loss(j_mae, terms.constraints(output, generated), recipe)

        weights = {**_weights("psi", psi), **_weights("regressor", network.part("regressor"))}
        made.case(f"eq12 {name}", loss, {**output._asdict(), **weights})


def _algorithm_2(made: Vectors) -> None:
    """One update of critic and generator by gradient descent at rate 1: the step is the gradient."""
    for kind, conditioned in (("default", True), ("paper", False)):
        changes = {"critic_steps": 1, "weight_sim": 3.0}
        recipe = teaching_recipe(kind, changes)
        network = build_network("dnn", 5, {"width": 8, "d_e": D_E})
        generator = Generator(D_E, d_noise=4, d_f=D_F, conditioned=conditioned)
        critic = Critic(D_E, width=8, conditioned=conditioned)
        adversaries = Adversaries(generator, critic, _descent(generator), _descent(critic))
        real, batch = torch.rand(N, D_E), _batch()
        case = f"algorithm 2 {kind}"
        noise, share = _next_numbers(generator)
        for name, tensor in {
            "real": real,
            "place": batch.place,
            "position": batch.position,
            "noise": noise,
            "share": share,
            **_weights("regressor", network.part("regressor")),
        }.items():
            made.put(f"{case}/in/{name}", _turned(name, tensor))
        _put_step(
            made,
            f"{case}/critic",
            critic,
            lambda a=adversaries, real=real, batch=batch, r=recipe: update_critic(
                lambda: real, batch, a, r, 1.0
            ),
            generator,
        )
        _put_step(
            made,
            f"{case}/generator",
            generator,
            lambda a=adversaries, real=real, batch=batch, r=recipe, n=network: update_generator(
                real, batch, n, a, r, SCALE_M, 1.0
            ),
            critic,
        )


def _put_step(
    made: Vectors, case: str, learner: nn.Module, update: Callable[[], dict[str, Tensor]], other: nn.Module
) -> None:
    """Add the terms of an update, the weights that it starts from, and the step that it takes."""
    for label, weight in {**_weights("learner", learner), **_weights("other", other)}.items():
        made.put(f"{case}/in/{label}", _turned(label, weight.clone()))
    before = [weight.detach().clone() for weight in learner.parameters()]
    with torch.random.fork_rng(devices=[]):
        terms = update()
    for name, term in terms.items():
        made.put(f"{case}/{name}", term)
    for (label, weight), old in zip(_weights("learner", learner).items(), before, strict=True):
        made.put(f"{case}/gradient/{label}", _turned(label, old - weight.detach()))


def _next_numbers(generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw the noise and the shares that the next update of the critic will draw; it draws no others."""
    with torch.random.fork_rng(devices=[]):
        return generator.noise(N, CPU), torch.rand(N, 1)


def _teacher(made: Vectors) -> None:
    generator = tt.Teacher.load(SHIPPED / f"{TEACHER}.teacher").generator
    generator.to(torch.float64)
    noise, place = torch.randn(4, generator.d_noise), torch.rand(4, 2)
    generated = generator(noise, place)
    for name, tensor in {"noise": noise, "place": place, **generated._asdict()}.items():
        made.put(f"teacher/{name}", tensor)


def _batch() -> Batch:
    nothing = torch.zeros(0)
    scans = RssBatch(nothing.long(), nothing, torch.zeros(N, dtype=torch.int64), 5)
    return Batch(scans, torch.randn(N, 2), torch.rand(N, 2), torch.arange(N))


def _descent(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), lr=1.0)


def _weights(label: str, module: nn.Module | SpecializedNetwork) -> dict[str, Tensor]:
    """Weights of fully connected layers in Keras' order: kernel and bias, layer by layer."""
    return {f"{label}.{i}": weight for i, weight in enumerate(module.parameters())}


def _turned(label: str, tensor: Tensor) -> Tensor:
    """Keras' kernels are [in, out], PyTorch's [out, in]."""
    return tensor.T if "." in label and tensor.ndim == 2 else tensor


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    with atomic_file(FILE) as beside:
        beside.write_bytes(save(vectors()))
    print(f"{FILE}: {FILE.stat().st_size / 1e3:.0f} kB")
