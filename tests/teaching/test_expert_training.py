"""Expert Training as a whole: what a teacher learns, and on what it depends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.paper.expert_training import Quality, Teacher, teach, teacher_training
from tutelage.training import Budget, RunOptions

MakeTeacher = Callable[..., Teacher]


def quality(teacher: Teacher) -> Quality:
    assert teacher.card.quality is not None
    return teacher.card.quality


@pytest.mark.slow
def test_unconditional_generator_collapses_and_a_conditioned_one_does_not(make_teacher: MakeTeacher) -> None:
    """A3: asked for noise alone, the best answer is the middle of the building."""
    collapsed, alive = (
        quality(make_teacher(epochs=40, generator=generator)) for generator in ("unconditional", "location")
    )
    assert collapsed.centroid_mae_m == alive.centroid_mae_m
    assert collapsed.generator_mae_m > 0.85 * collapsed.centroid_mae_m
    assert collapsed.spread < 0.5
    assert collapsed.diversity == pytest.approx(1.0, abs=1e-3)
    assert alive.generator_mae_m < 0.6 * alive.centroid_mae_m
    assert alive.spread > 0.6
    assert alive.diversity < 0.6
    assert alive.angular_similarity > collapsed.angular_similarity


@pytest.mark.parametrize("generator", [pytest.param("unconditional", marks=pytest.mark.slow), "location"])
def test_paper_recipe_trains_source_and_generator_together(make_teacher: MakeTeacher, generator: str) -> None:
    teacher = make_teacher(recipe="paper", epochs=40, generator=generator)
    assert (teacher.card.recipe_name, teacher.card.recipe["source"]) == ("paper", "joint")
    assert quality(teacher).source_mae_m < 0.6 * quality(teacher).centroid_mae_m


def test_same_seed_gives_the_same_teacher_and_another_seed_another(make_teacher: MakeTeacher) -> None:
    one, same, other = (make_teacher(seed=seed) for seed in (0, 0, 1))
    weights = [teacher.generator.state_dict() for teacher in (one, same, other)]
    assert one.card == same.card
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert not any(torch.equal(weights[0][key], weights[2][key]) for key in weights[0])


def test_a_source_without_a_survey_is_refused(survey: Survey) -> None:
    with pytest.raises(BadInputError, match="1 scans of 'unnamed' hear anything"):
        teach(survey.train[:1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "dnm"}, "dnn"),
        ({"recipe": "papper"}, "paper"),
        ({"settings": {"critic_step": 3}}, "critic_steps"),
        ({"settings": {"widht": 3}}, "width"),
    ],
)
def test_unknown_names_are_refused_with_the_near_miss(
    survey: Survey, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        teach(survey, **arguments)


def test_card_of_a_tiny_survey_holds_finite_figures() -> None:
    scans = simulated_survey(seed=1, n_train=40, n_test=1, n_floors=1).train[:9]
    quality = teach(scans, run=RunOptions(budget=Budget(1), device="cpu")).card.quality
    assert quality is not None
    assert all(np.isfinite(value) for value in quality.model_dump().values())


def test_teacher_of_the_whole_source_is_measured_on_it_and_has_no_figure_of_privacy(
    make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    quality_of = teacher_training._quality

    def watched(source: Any, generator: Any) -> Quality:
        sizes.append((len(source.data), len(source.held_out)))
        return quality_of(source, generator)

    monkeypatch.setattr(teacher_training, "_quality", watched)
    whole, fewer = make_teacher(held_out=0.0), make_teacher(held_out=0.25)
    assert sizes[0] == (240, 240)
    assert sizes[1][0] + sizes[1][1] == 240
    assert sizes[1][1] == pytest.approx(60, abs=8)
    assert whole.card.privacy is None
    assert fewer.card.privacy is not None
    assert all(np.isfinite(value) for value in quality(whole).model_dump().values())
