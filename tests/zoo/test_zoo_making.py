"""How the zoo is made: resumable, refusing what may not be shared, never passing one teacher for another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.pretrained import PretrainedMatcher
from tutelage.methods.teachers.zoo_making import make_zoo
from tutelage.paper.expert_training import Teacher
from tutelage.training import RunOptions

pytestmark = pytest.mark.real_data
RUN = RunOptions(device="cpu")
make_short_zoo = partial(make_zoo, sources=("dsi1",), share=0.003, run=RUN)
make_dnn_zoo = partial(make_short_zoo, networks=("dnn",))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    assert make_dnn_zoo(folder, data_dir=data_dir) == [folder / "dnn-dsi1.teacher"]
    return folder


def test_made_file_is_a_teacher_in_half_precision(made: Path) -> None:
    file = made / "dnn-dsi1.teacher"
    teacher = Teacher.load(file)
    assert (teacher.card.network, teacher.card.source, teacher.card.n_steps) == ("dnn", "dsi1", 12)
    assert {weight.dtype for weight in teacher.generator.state_dict().values()} == {torch.float32}
    assert file.stat().st_size < 0.6 * len(teacher.to_bytes())


def test_nothing_but_the_teacher_is_left(made: Path) -> None:
    assert [file.name for file in made.iterdir()] == ["dnn-dsi1.teacher"]


def test_a_file_that_is_there_is_kept(made: Path, data_dir: Path) -> None:
    file = made / "dnn-dsi1.teacher"
    before = file.stat()
    make_dnn_zoo(made, data_dir=data_dir)
    assert file.stat() == before


def test_the_same_call_makes_the_same_file(made: Path, data_dir: Path, tmp_path: Path) -> None:
    (again,) = make_dnn_zoo(tmp_path, data_dir=data_dir)
    assert again.read_bytes() == (made / "dnn-dsi1.teacher").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"), [({"run": RunOptions(seed=1, device="cpu")}, "seed"), ({"share": 0.004}, "n_steps")]
)
def test_a_file_of_another_teacher_is_refused_and_kept(
    made: Path, data_dir: Path, change: Mapping[str, Any], said: str
) -> None:
    content = (made / "dnn-dsi1.teacher").read_bytes()
    with pytest.raises(BadInputError, match=f"another {said};"):
        make_dnn_zoo(made, data_dir=data_dir, **change)
    assert (made / "dnn-dsi1.teacher").read_bytes() == content


def test_a_source_without_a_licence_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="tutelage teach utsindoorloc"):
        make_zoo(tmp_path / "zoo", sources=("utsindoorloc",))
    assert not (tmp_path / "zoo").exists()


@pytest.mark.slow
def test_the_pretrained_matcher_is_made_beside_the_teachers(data_dir: Path, tmp_path: Path) -> None:
    settings = {"exercises": 64, "batch_size": 32, "n_candidates": 12, "width": 16, "updates": 20}
    make_both = partial(make_dnn_zoo, tmp_path, matcher=True, data_dir=data_dir)
    made = make_both(matcher_settings=settings)
    assert [file.name for file in made] == ["zoo.matcher", "dnn-dsi1.teacher"]
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in made}
    card = PretrainedMatcher.load(made[0]).card
    recipe = MatcherRecipe.for_pretraining(settings)
    assert ([source.source for source in card.sources], card.recipe) == (["dsi1"], recipe)
    assert all(source.quality and 0.2 < (source.membership or 0) < 0.8 for source in card.sources)
    before = made[0].stat()
    make_both(matcher_settings=settings)
    assert made[0].stat() == before
    with pytest.raises(BadInputError, match="another recipe;"):
        make_both()


@pytest.mark.parametrize("wrong", [{"networks": ("dnnn",)}, {"sources": ("dsi",)}])
def test_unknown_names_are_refused(wrong: Mapping[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        make_zoo(tmp_path, **wrong)
