"""Devices and random generators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_run import CPU, small_run

from tutelage.errors import BadInputError
from tutelage.training import RunOptions, resolve_device, seeded, threads_for
from tutelage.training.device import random_state, restore_random_state


def test_auto_is_an_accelerator_if_there_is_one_else_the_cpu() -> None:
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == expected
    assert torch.zeros(1, device=resolve_device()).sum() == 0


@pytest.mark.parametrize("name", ["abacus", "cuda:99", ""])
def test_device_that_is_not_here_is_refused(name: str) -> None:
    with pytest.raises(BadInputError, match=f"device {name!r} cannot be used here; try auto or cpu"):
        resolve_device(name)


def test_seeded_gives_the_same_numbers_and_leaves_the_caller_his() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    with seeded(1, CPU):
        first = torch.rand(4)
    with seeded(1, CPU):
        assert torch.equal(torch.rand(4), first)
    with seeded(2, CPU):
        assert not torch.equal(torch.rand(4), first)
    assert torch.equal(torch.rand(3), expected)


def test_random_state_put_back_continues_the_same_numbers() -> None:
    with seeded(1, CPU):
        kept = random_state(CPU)
        expected = torch.rand(3)
        restore_random_state(kept, CPU)
        assert torch.equal(torch.rand(3), expected)


def test_run_leaves_the_callers_generators_untouched() -> None:
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state(legacy=False)  # noqa: NPY002
    small_run(RunOptions(seed=3, device="cpu"))
    assert torch.equal(torch.get_rng_state(), torch_before)
    np.testing.assert_equal(np.random.get_state(legacy=False), numpy_before)  # noqa: NPY002


@pytest.mark.parametrize(("n_products", "expected"), [(0, 1), (80_000_000, 1), (250_000_000, 2), (10**12, 3)])
def test_threads_go_by_the_size_of_an_update(n_products: int, expected: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with threads_for(n_products):
            assert torch.get_num_threads() == expected  # never more than the user's three
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
