"""The Keras versions give tutelage's values and gradients, from the vectors that `make_vectors.py` wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tutelage_keras as tk
from keras import ops
from safetensors.numpy import load_file
from tutelage_keras.expert_distilling import overall_loss
from tutelage_keras.expert_training import critic_terms, generator_terms

ROOT = Path(__file__).parents[3]
VECTORS = load_file(ROOT / "examples" / "keras" / "vectors" / "vectors.safetensors")
TEACHER = ROOT / "src" / "tutelage" / "methods" / "teachers" / "shipped" / "cnnloc-dsi1.teacher"
TOLERANCE = 1e-5
N, D_F, D_E, SCALE_M = 12, 9, 6, 7.5

pytestmark = pytest.mark.usefixtures("float64")


def group(prefix: str) -> dict[str, np.ndarray]:
    """Arrays under a prefix, by the rest of their names."""
    return {
        name[len(prefix) + 1 :]: array for name, array in VECTORS.items() if name.startswith(f"{prefix}/")
    }


def tensors(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: ops.convert_to_tensor(array) for name, array in arrays.items()}


def assert_close(found: Any, stored: np.ndarray, what: str) -> None:
    """Compare with the largest number of the array."""
    found = ops.convert_to_numpy(found)
    assert found.dtype == np.float64 or keras.backend.backend() == "jax"  # arccos falls back there
    assert found.shape == stored.shape, what
    difference = np.abs(found - stored).max()
    assert difference <= TOLERANCE * max(np.abs(stored).max(), 1e-3), f"{what}: {difference}"


def assert_same(case: str, function: Callable[..., Any], *weighted: tuple[str, keras.Layer]) -> None:
    """Compare value and gradients of a function of the case's inputs and of the weights of layers."""
    inputs, gradients = group(f"{case}/in"), group(f"{case}/gradient")
    leaves = tensors({name: array for name, array in inputs.items() if "." not in name})
    variables = [variable for label, layer in weighted for variable in set_weights(layer, inputs, label)]
    weights = [f"{label}.{i}" for label, layer in weighted for i in range(len(layer.weights))]
    assert_close(function(**leaves), VECTORS[f"{case}/value"], f"{case}: value")
    found = tk.gradient(
        lambda values: function(**dict(zip(leaves, values, strict=True))), list(leaves.values())
    )
    if variables:
        found += tk.gradient_of_weights(lambda: function(**leaves), variables)
    assert {*leaves, *weights} == {*gradients}
    for name, each in zip([*leaves, *weights], found, strict=True):
        assert_close(each, gradients[name], f"{case}: gradient of {name}")


def set_weights(layer: keras.Layer, arrays: dict[str, np.ndarray], label: str) -> list[keras.Variable]:
    layer.set_weights([arrays[f"{label}.{i}"] for i in range(len(layer.weights))])
    return layer.trainable_variables


def linear(width: int) -> keras.Layer:
    layer = keras.layers.Dense(width)
    layer.build((None, D_E))
    return layer


# -- constraints --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["batch_mean", "per_sample"])
def test_angular_similarity(form: str) -> None:
    assert_same(
        f"sim {form}", lambda z_student, z_teacher: tk.angular_similarity(z_student, z_teacher, form=form)
    )


def test_mean_distance() -> None:
    assert_same("mae", lambda predicted, truth: tk.mean_distance(predicted, truth, SCALE_M))


def test_mutual_information() -> None:
    psi = tk.MutualInformationEstimator(D_E, width=8)
    assert_same(
        "mi", lambda z_student, z_teacher: tk.mutual_information(psi, z_student, z_teacher), ("psi", psi)
    )


def test_algorithm_1() -> None:
    def total(factor: Any) -> Any:
        gram = ops.transpose(factor, (0, 2, 1)) @ factor
        return ops.sum(tk.largest_singular_value(gram, iterations=40, start=start()))

    assert_same("sigma", total)


def test_algorithm_1_finds_the_singular_value_from_its_own_start() -> None:
    factor = np.random.default_rng(1).standard_normal((3, 9, 4))
    gram = ops.convert_to_tensor(np.swapaxes(factor, 1, 2) @ factor)
    found = ops.convert_to_numpy(tk.largest_singular_value(gram, iterations=200))
    np.testing.assert_allclose(found, np.linalg.norm(factor, 2, axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize("form", ["literal", "scale_free", "log_ratio"])
def test_functional_information(form: str) -> None:
    teachers = generated("fi")
    assert_same(
        f"fi {form}",
        lambda z_f, z_e: tk.functional_information(z_f, z_e, teachers, form=form, start=start()),
    )


@pytest.mark.parametrize(
    "call", [tk.angular_similarity, lambda *z, form: tk.functional_information(*z, [z], form=form)]
)
def test_unknown_forms_are_refused(call: Callable[..., Any]) -> None:
    z = ops.ones((3, 2))
    with pytest.raises(ValueError, match="form is 'mean'; it must be one of"):
        call(z, z, form="mean")


# -- the two phases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["paper", "printed", "default"])
def test_overall_loss(name: str) -> None:
    psi, regressor = tk.MutualInformationEstimator(D_E, width=8), linear(2)
    shared = tensors(group("eq12"))

    def loss(z_f: Any, z_e: Any, position: Any) -> Any:
        return overall_loss(
            tk.Representations(z_f, z_e, position),
            generated(f"eq12 {name}"),
            shared["position"],
            regressor=regressor,
            psi=psi,
            scale_m=shared["scale_m"],
            recipe=tk.RECIPES[name],
            start=start(),
        )[0]

    assert_same(f"eq12 {name}", loss, ("psi", psi), ("regressor", regressor))


@pytest.fixture(params=["default", "paper"])
def algorithm_2(request: pytest.FixtureRequest) -> Any:
    """Inputs of an update, and the networks in it."""
    case, conditioned = f"algorithm 2 {request.param}", request.param == "default"
    form = "per_sample" if conditioned else "batch_mean"
    recipe = tk.TeachingRecipe(conditioned=conditioned, sim_form=form, weight_sim=3.0)
    critic = tk.Critic(D_E, width=8, conditioned=conditioned)
    generator = tk.Generator(D_E, d_noise=4, d_f=D_F, conditioned=conditioned)
    return case, recipe, critic, generator


def test_update_of_the_critic(algorithm_2: Any) -> None:
    case, recipe, critic, generator = algorithm_2
    x, stored = tensors(group(f"{case}/in")), group(f"{case}/critic")
    learning = set_weights(critic, stored, "in/learner")
    set_weights(generator, stored, "in/other")
    made = generator(x["noise"], x["place"]).z_e

    def terms() -> Any:
        return critic_terms(critic, x["real"], made, x["place"], x["share"], recipe)

    compare_update(terms, learning, stored)


def test_update_of_the_generator(algorithm_2: Any) -> None:
    case, recipe, critic, generator = algorithm_2
    x, stored = tensors(group(f"{case}/in")), group(f"{case}/generator")
    learning = set_weights(generator, stored, "in/learner")
    set_weights(critic, stored, "in/other")
    regressor = linear(2)
    set_weights(regressor, group(f"{case}/in"), "regressor")

    def terms() -> Any:
        made = generator(x["noise"], x["place"]).z_e
        return generator_terms(critic, regressor, x["real"], made, x["place"], x["position"], SCALE_M, recipe)

    compare_update(terms, learning, stored)


def compare_update(
    terms: Callable[[], Any], learning: list[keras.Variable], stored: dict[str, np.ndarray]
) -> None:
    for name, term in terms()[1].items():
        assert_close(term, stored[name], name)
    for i, each in enumerate(tk.gradient_of_weights(lambda: terms()[0], learning)):
        assert_close(each, stored[f"gradient/learner.{i}"], f"gradient of weight {i}")


def generated(case: str) -> list[tk.Generated]:
    stored = tensors(group(case))
    return [tk.Generated(stored[f"z_f_teacher{i}"], stored[f"z_e_teacher{i}"]) for i in range(2)]


def start() -> Any:
    return ops.convert_to_tensor(VECTORS["start"])


def test_shipped_teacher_generates_the_same() -> None:
    teacher = tk.Teacher.load(TEACHER)
    stored, given = group("teacher"), tensors(group("teacher"))
    found = teacher.generator(given["noise"], given["place"])
    assert teacher.card["source"] == "dsi1"
    assert_close(found.z_f, stored["z_f"], "Z_F")
    assert_close(found.z_e, stored["z_e"], "Z_E")
    assert stored["z_e"].std(axis=0).max() > 0.1
