"""Both phases learn, teacher files go there and back, and the contract is held."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tutelage_keras as tk
from keras import layers, ops
from office import Office

D_E = 16


@pytest.fixture(scope="module")
def office() -> Office:
    return Office()


@pytest.fixture(scope="module")
def source(office: Office) -> tk.Student:
    keras.utils.set_random_seed(0)
    student = network(office)
    student.compile(keras.optimizers.Adam(5e-3), loss=tk.position_error(office.frame.scale_m))
    student.fit(office.scans, office.position, batch_size=64, epochs=15, verbose=0)
    return student


def network(office: Office) -> tk.Student:
    return tk.dnn(office.n_ap, width=32, d_e=D_E, dropout=0.1)


def teacher(office: Office, seed: int = 0, **settings: Any) -> tk.Teacher:
    keras.utils.set_random_seed(seed)
    generator = tk.Generator(D_E, d_f=12, d_noise=8, **settings)
    return tk.Teacher.described(generator, office.place, source="office", network="dnn", licence="none")


# -- the contract -------------------------------------------------------------------------------------


def test_dnn_keeps_the_contract(office: Office) -> None:
    student = network(office)
    tk.check_student(student, office.n_ap)
    assert student.representations(office.scans[:3]).z_e.shape == (3, D_E)


def test_feature_maps_are_representations_too(office: Office) -> None:
    framer = keras.Sequential([layers.Dense(36, "relu"), layers.Reshape((3, 3, 4))])
    extractor = keras.Sequential(
        [layers.Conv2D(4, 2, activation="relu"), layers.Flatten(), layers.Dense(D_E)]
    )
    student = tk.Student(framer, extractor, layers.Dense(2))
    tk.check_student(student, office.n_ap)
    model = tk.ExpertDistilling(student, [teacher(office)], scale_m=office.frame.scale_m)
    model.compile("adam")
    logs = model.train_on_batch(batch(office), office.position[:32], return_dict=True)
    assert np.isfinite(list(logs.values())).all()


@pytest.mark.parametrize(
    ("extractor", "regressor", "clause"),
    [
        (layers.Reshape((8, 4)), [layers.Flatten(), layers.Dense(2)], "Z_E must be"),
        (layers.Dense(D_E), [layers.Dense(3)], "position must be"),
        (
            layers.Dense(D_E),
            [layers.Lambda(lambda z: z - ops.mean(z, axis=0)), layers.Dense(2)],
            "rest of the batch",
        ),
        (layers.Dense(D_E), [layers.Lambda(ops.stop_gradient), layers.Dense(2)], "no finite gradient"),
    ],
)
def test_students_that_break_the_contract_are_refused(
    extractor: keras.Layer, regressor: list[keras.Layer], clause: str
) -> None:
    student = tk.Student(layers.Dense(32, "relu"), extractor, keras.Sequential(regressor))
    with pytest.raises(ValueError, match=f"breaks the contract: .*{clause}"):
        tk.check_student(student, 20)


# -- Expert Training ----------------------------------------------------------------------------------


def test_generator_learns_where_the_places_are(office: Office, source: tk.Student) -> None:
    data = (office.scans, office.position, office.place, office.frame.scale_m)
    recipe = tk.TeachingRecipe(
        d_noise=4, d_f=32, critic_width=32, critic_steps=1, generator_learning_rate=3e-3
    )
    before = [np.array(array) for array in source.get_weights()]
    generator = tk.teach(source, *data, updates=100, recipe=recipe)
    answer_m = office.frame.metres(ops.convert_to_numpy(source.regressor(generator.at(office.place).z_e)))
    error_m = np.linalg.norm(answer_m - office.position_m, axis=1).mean()
    assert error_m < 0.4 * office.centre_error_m()
    assert generator.architecture["non_negative"]
    for old, new in zip(before, source.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_only_the_learner_of_a_turn_changes_and_its_noise_is_fresh(office: Office) -> None:
    from tutelage_keras.expert_training import CriticTurn, GeneratorTurn

    recipe = tk.TeachingRecipe()
    generator, critic = tk.Generator(D_E, d_f=8), tk.Critic(D_E, width=8)
    regressor = layers.Dense(2)
    regressor.build((None, D_E))
    nets = {"generator": generator, "critic": critic, "regressor": regressor}
    x = {"real": np.ones((32, D_E), "float32"), "place": office.place[:32], "position": office.position[:32]}
    turns = {
        "critic": CriticTurn(critic, generator, critic, recipe),
        "generator": GeneratorTurn(regressor, 5.0, generator, generator, critic, recipe),
    }
    for name in ("critic", "generator", "critic"):
        before = {other: [np.array(array) for array in net.get_weights()] for other, net in nets.items()}
        seed = ops.convert_to_numpy(generator.seed.state).copy()
        turns[name].train_on_batch(x)
        changed = {
            other
            for other, net in nets.items()
            if any((old != new).any() for old, new in zip(before[other], net.get_weights(), strict=True))
        }
        assert changed == {name}
        assert (ops.convert_to_numpy(generator.seed.state).copy() != seed).any()


def test_source_learns_in_the_paper_s_joint_training(office: Office) -> None:
    student = network(office)
    data = (office.scans, office.position, office.place, office.frame.scale_m)
    before = office.error_m(student)
    recipe = tk.TeachingRecipe(
        conditioned=False, source="joint", sim_form="batch_mean", critic_steps=1, learning_rate=5e-3
    )
    generator = tk.teach(student, *data, updates=30, recipe=recipe)
    assert not generator.architecture["conditioned"]
    assert office.error_m(student) < 0.8 * before


# -- teacher files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("conditioned", [True, False])
def test_teacher_file_is_read_as_it_was_written(office: Office, tmp_path: Path, conditioned: bool) -> None:
    first = teacher(office, conditioned=conditioned, non_negative=conditioned)
    first.save(tmp_path / "office.teacher")
    second = tk.Teacher.load(tmp_path / "office.teacher")
    assert second.card == first.card
    assert second.generator.trainable_variables == []
    noise = np.random.default_rng(1).standard_normal((5, 8)).astype("float32")
    for one, other in zip(
        *(each.generator(noise, office.place[:5]) for each in (first, second)), strict=True
    ):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))
    assert [path.name for path in tmp_path.iterdir()] == ["office.teacher"]


def test_damaged_and_missing_files_are_refused(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "office.teacher"
    with pytest.raises(ValueError, match="there is no teacher file"):
        tk.Teacher.load(path)
    teacher(office).save(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="it does not match its checksum"):
        tk.Teacher.load(path)
    path.write_bytes(content[:500])
    with pytest.raises(ValueError, match="is no teacher file"):
        tk.Teacher.load(path)


# -- Expert Distilling --------------------------------------------------------------------------------


def batch(office: Office, n: int = 32) -> dict[str, np.ndarray]:
    return {"scans": office.scans[:n], "place": office.place[:n]}


def test_student_learns_under_teachers_which_do_not(office: Office) -> None:
    student, teachers = network(office), [teacher(office, seed) for seed in (1, 2)]
    model = tk.ExpertDistilling(student, teachers, scale_m=office.frame.scale_m)
    model.compile(keras.optimizers.Adam(5e-3))
    before = [[np.array(array) for array in each.generator.get_weights()] for each in teachers]
    psi = np.array(model.psi.get_weights()[0])
    whole = batch(office, len(office.scans))
    history = model.fit(whole, office.position, batch_size=64, epochs=12, verbose=0).history
    assert {"loss", "J_MAE", "J_Sim", "J_MI", "J_FI"} == {*history}
    assert office.error_m(student) < 0.5 * office.centre_error_m()
    assert history["J_Sim"][-1] < history["J_Sim"][0]
    assert (model.psi.get_weights()[0] != psi).any()
    for old, each in zip(before, teachers, strict=True):
        for array, new in zip(old, each.generator.get_weights(), strict=True):
            np.testing.assert_array_equal(array, new)


@pytest.mark.parametrize("recipe", ["paper", "printed"])
def test_recipes_of_the_paper_take_steps(office: Office, recipe: str) -> None:
    model = tk.ExpertDistilling(
        network(office), [teacher(office)], scale_m=office.frame.scale_m, recipe=recipe
    )
    model.compile(keras.optimizers.Adam(1e-3))
    losses = [model.train_on_batch(batch(office), office.position[:32]) for _ in range(12)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_random_places_follow_the_card(office: Office) -> None:
    histogram = np.array([[0.0, 0.25], [0.75, 0.0]])  # rows of y, columns of x
    model = tk.ExpertDistilling(network(office), [teacher(office)], scale_m=1.0)
    place = ops.convert_to_numpy(model._places_from(histogram, np.zeros((400, 2), "float32")))
    cells = Counter(map(tuple, (place * 2).astype(int).tolist()))
    assert {*cells} == {(1, 0), (0, 1)}
    assert 0.65 < cells[0, 1] / 400 < 0.85
    assert len({*place[:, 0].tolist()}) > 300


def test_teachers_of_two_widths_or_none_are_refused(office: Office) -> None:
    other = tk.Teacher.described(tk.Generator(8), office.place, source="a", network="dnn", licence="")
    for teachers in ([teacher(office), other], []):
        with pytest.raises(ValueError, match="takes teachers of one d_E, at least one"):
            tk.ExpertDistilling(network(office), teachers, scale_m=1.0)
