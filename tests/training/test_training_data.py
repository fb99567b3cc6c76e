"""Which scans a step sees, and what augmentation makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_run import BATCH_SIZE, N_SCANS, small_data, small_survey

from tutelage.data.representation import CoordinateScaler
from tutelage.networks import RssBatch
from tutelage.training import LearningRecipe, augment, normalise

AS_IT_IS = LearningRecipe(row_normalise=False, access_point_dropout=0, gain=0, noise=0)


def recipe(**changed: float) -> LearningRecipe:
    return AS_IT_IS.model_copy(update=changed)


def many_scans(n: int = 400, n_heard: int = 50) -> RssBatch:
    """Scans that hear the same access points at 0.5."""
    column = torch.arange(n_heard).repeat(n)
    return RssBatch(column, torch.full((n * n_heard,), 0.5), torch.arange(0, n * n_heard, n_heard), n_heard)


def test_batch_depends_on_step_and_seed_alone() -> None:
    data, fresh = small_data(), small_data()
    in_order = [data.batch(step, BATCH_SIZE, seed=5) for step in range(12)]
    for step in (11, 0, 7, 3):
        torch.manual_seed(step)
        again = fresh.batch(step, BATCH_SIZE, seed=5)
        assert torch.equal(again.index, in_order[step].index)
        assert torch.equal(again.scans.dense(), in_order[step].scans.dense())
    assert not torch.equal(data.batch(0, BATCH_SIZE, seed=6).index, in_order[0].index)


def test_epoch_visits_distinct_rows_in_an_order_of_its_own() -> None:
    data = small_data()
    steps = N_SCANS // BATCH_SIZE
    first, second = (
        torch.cat([data.batch(epoch * steps + i, BATCH_SIZE, seed=0).index for i in range(steps)])
        for epoch in (0, 1)
    )
    assert len(set(first.tolist())) == len(set(second.tolist())) == steps * BATCH_SIZE
    assert not torch.equal(first, second)


def test_set_smaller_than_a_batch_is_one_batch() -> None:
    data = small_data()
    for step in (0, 1, 2):
        assert data.batch(step, 1000, seed=0).index.sort().values.tolist() == list(range(N_SCANS))


def test_batch_holds_the_rows_of_its_index() -> None:
    data, survey = small_data(), small_survey()
    batch = data.batch(2, BATCH_SIZE, seed=0)
    position_m = survey.known_position_m[batch.index.numpy()]
    scaler = CoordinateScaler.fit(survey.known_position_m)
    assert len(batch.scans) == len(batch.index) == BATCH_SIZE
    np.testing.assert_array_equal(batch.position, scaler.standardise(position_m))
    np.testing.assert_array_equal(batch.place, scaler.unit_square(position_m))
    heard = (batch.scans.dense() > 0).sum(dim=1).numpy()
    np.testing.assert_array_equal(heard, survey.n_heard[batch.index.numpy()])


# -- augmentation -------------------------------------------------------------------------------


def test_recipe_without_augmentation_changes_nothing() -> None:
    scans = many_scans(4)
    assert torch.equal(augment(scans, AS_IT_IS).value, scans.value)


def test_scans_lose_a_share_of_readings_drawn_up_to_the_limit() -> None:
    torch.manual_seed(0)
    lost = (augment(many_scans(), recipe(access_point_dropout=0.6)).dense() == 0).float().mean(dim=1)
    assert float(lost.mean()) == pytest.approx(0.3, abs=0.02)
    assert float(lost.std()) > 0.15  # uniform on [0, 0.6], where one share for all would give 0.065


def test_gain_is_one_factor_a_scan() -> None:
    torch.manual_seed(0)
    factor = augment(many_scans(), recipe(gain=0.1)).dense() / 0.5
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    assert float(factor[:, 0].std()) == pytest.approx(0.1, rel=0.15)


def test_offset_is_one_number_a_scan_on_what_it_hears() -> None:
    torch.manual_seed(0)
    scans = many_scans()
    scans.value[::2] = 0
    moved = augment(scans, recipe(offset=0.05)).dense()
    assert bool((moved[:, ::2] == 0).all())
    torch.testing.assert_close(moved[:, 1::2], moved[:, 1:2].expand(-1, 25))
    assert float(moved[:, 1].std()) == pytest.approx(0.05, rel=0.15)


def test_noise_reaches_readings_and_nothing_that_is_not_heard() -> None:
    torch.manual_seed(0)
    scans = many_scans()
    scans.value[::2] = 0
    noisy = augment(scans, recipe(noise=0.05)).value
    assert bool((noisy[::2] == 0).all())
    assert float(noisy[1::2].std()) == pytest.approx(0.05, rel=0.05)


def test_values_stay_non_negative() -> None:
    torch.manual_seed(0)
    assert float(augment(many_scans(), recipe(noise=1.0, gain=2.0)).value.min()) == 0.0


def test_normalisation_follows_the_augmentation() -> None:
    torch.manual_seed(0)
    norms = augment(many_scans(), LearningRecipe()).dense().norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(400))


def test_prediction_normalises_without_augmenting() -> None:
    scans = many_scans(2)
    torch.testing.assert_close(normalise(scans, LearningRecipe()).dense(), torch.full((2, 50), 50**-0.5))
    assert normalise(scans, AS_IT_IS) is scans
