"""What a network learns before positions: the stage, and a run around it."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from small_pretraining import N_STEPS, RECIPE, bit_equal, looks, pretrained
from small_run import CPU, Interrupted, small_data, small_survey
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.networks import RssBatch, build_network, network_spec
from tutelage.networks.cnnloc import Autoencoder
from tutelage.paper.expert_distilling import distil, distilling_recipe
from tutelage.paper.expert_training import Teacher, teach
from tutelage.training import Budget, RunOptions, pretrain_network, seeded
from tutelage.training.trained_network import TrainedNetwork

pytestmark = [pytest.mark.usefixtures("cache"), pytest.mark.slow]


def interrupt_at(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop before the autoencoder's update of this number, as at Ctrl-C."""
    forward, calls = Autoencoder.forward, itertools.count(1)

    def stopping(learner: Autoencoder, scans: RssBatch) -> Tensor:
        if next(calls) == call:
            raise Interrupted
        return forward(learner, scans)

    monkeypatch.setattr(Autoencoder, "forward", stopping)


# -- the stage ----------------------------------------------------------------------------------------


def test_reconstruction_loss_falls_in_a_stage_of_its_own(tmp_path: Path) -> None:
    options = RunOptions(device="cpu", log=tmp_path / "log.jsonl")
    pretrained(options, n_steps=800)
    first, *_, last = looks(tmp_path / "log.jsonl")
    assert (first["stage"], last["step"], last["n_steps"]) == ("pre-training", 200, 200)
    assert last["loss"] < 0.7 * first["loss"]


def test_stage_shows_its_own_progress(capsys: pytest.CaptureFixture[str]) -> None:
    pretrained(RunOptions(device="cpu", progress=True))
    shown = capsys.readouterr()
    assert "pre-training" in shown.err
    assert "loss 0." in shown.err
    assert shown.out == ""


def test_framer_alone_learns() -> None:
    with seeded(0, CPU):
        fresh = build_network("cnnloc", 12).state_dict()
    learnt, _ = pretrained()
    changed = {key.split(".")[1] for key in fresh if not torch.equal(fresh[key], learnt[key])}
    assert changed == {"framer"}


def test_random_numbers_of_the_run_do_not_depend_on_the_stage() -> None:
    _, before = pretrained(recipe=RECIPE.model_copy(update={"pretraining_share": 0.0}))
    _, after = pretrained()
    assert torch.equal(before, after)


def test_network_without_pretraining_skips_the_stage(cache: Path) -> None:
    network = build_network("dnn", 12, {"width": 16, "d_e": 8})
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert pretrain_network(network, small_data(), RECIPE, RunOptions(), N_STEPS) == 1.0
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert not cache.exists()


def test_share_of_0_skips_the_stage(cache: Path) -> None:
    network = build_network("cnnloc", 12)
    none = RECIPE.model_copy(update={"pretraining_share": 0.0})
    assert pretrain_network(network, small_data(), none, RunOptions(), N_STEPS) == 1.0
    assert not cache.exists()


class Slow(nn.Module):
    """A learner of 5 ms an update."""

    def __init__(self, front: nn.Module) -> None:
        super().__init__()
        self.front = front

    def forward(self, scans: RssBatch) -> Tensor:
        time.sleep(0.005)
        loss: Tensor = self.front(scans).square().mean()
        return loss


def test_budget_in_minutes_is_split_with_what_follows(tmp_path: Path) -> None:
    network = build_network("dnn", 12, {"width": 16, "d_e": 8})
    network.module.pretraining = lambda: Slow(network.part("framer"))  # type: ignore[assignment]
    options = RunOptions(device="cpu", budget=Budget(minutes=0.05), log=tmp_path / "log.jsonl")
    left = pretrain_network(network, small_data(), RECIPE, options, N_STEPS)
    assert left == pytest.approx(1 / 1.25)
    # 0.2 of 3 s are 120 updates, fewer on a busy machine; the warm-up is 30
    assert 30 <= looks(tmp_path / "log.jsonl")[-1]["n_steps"] <= 120


# -- interrupted --------------------------------------------------------------------------------------


def checkpointed(folder: Path, *, resume: bool = False) -> RunOptions:
    return RunOptions(device="cpu", checkpoint_dir=folder, checkpoint_seconds=0.0, resume=resume)


def test_interrupted_stage_resumed_equals_uninterrupted(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pretrained()
    (kept,) = cache.iterdir()
    kept.unlink()
    with monkeypatch.context() as stopped:
        interrupt_at(7, stopped)
        with pytest.raises(Interrupted):
            pretrained(checkpointed(tmp_path))
    assert list(cache.iterdir()) == []
    with monkeypatch.context() as stopped:
        interrupt_at(5, stopped)  # 4 updates of 10 are left
        assert bit_equal(pretrained(checkpointed(tmp_path, resume=True)), whole)


# -- in both phases -----------------------------------------------------------------------------------


def student(options: RunOptions, recipe_name: str = "default") -> TrainedNetwork:
    recipe = distilling_recipe(recipe_name, {"batch_size": 16})
    spec = network_spec("cnnloc")
    return distil(small_survey(), spec, {}, ["untrained"], recipe, options, recipe_name=recipe_name)


def same_student(one: TrainedNetwork, other: TrainedNetwork) -> bool:
    mine, theirs = one.tensors(), other.tensors()
    return all(np.array_equal(mine[key], theirs[key]) for key in mine)


def stages(log: Path) -> list[tuple[str, int]]:
    return list(dict.fromkeys((look["stage"], look["n_steps"]) for look in looks(log)))


@pytest.mark.slow
def test_student_is_pretrained_first_and_the_same_out_of_the_cache(tmp_path: Path, cache: Path) -> None:
    options = RunOptions(device="cpu", budget=Budget(epochs=4), log=tmp_path / "log.jsonl")
    first = student(options)
    assert stages(tmp_path / "log.jsonl") == [("pre-training", 3), ("student", 12)]
    again = student(options)
    assert stages(tmp_path / "log.jsonl") == [("student", 12)]
    assert same_student(again, first)
    (kept,) = cache.iterdir()
    kept.unlink()
    assert same_student(student(options), first)


@pytest.mark.slow
def test_student_interrupted_in_its_pretraining_resumes_exactly(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = student(replace(checkpointed(tmp_path / "whole"), budget=Budget(epochs=4)))
    (kept,) = cache.iterdir()
    kept.unlink()
    options = replace(checkpointed(tmp_path / "cut"), budget=Budget(epochs=4))
    with monkeypatch.context() as stopped:
        interrupt_at(3, stopped)
        with pytest.raises(Interrupted):
            student(options)
    assert same_student(student(replace(options, resume=True)), whole)


def test_paper_recipe_pretrains_for_its_share_of_the_papers_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(2, monkeypatch)
    with pytest.raises(Interrupted):
        student(checkpointed(tmp_path), "paper")
    with safe_open(tmp_path / "pre-training.checkpoint", framework="pt") as file:
        header = json.loads(file.metadata()["tutelage"])
    assert header["n_steps"] == 2000 * (60 // 16) / 4


@pytest.mark.parametrize(
    ("recipe", "following"),
    [
        ("default", [("source network", 12), ("surrogate teacher", 12)]),
        ("paper", [("surrogate teacher", 12)]),
    ],
)
def test_source_network_is_pretrained_first_and_the_same_out_of_the_cache(
    tmp_path: Path, recipe: str, following: list[tuple[str, int]]
) -> None:
    settings = {"batch_size": 16, "critic_steps": 1, "d_f": 16, "critic_width": 16}
    options = RunOptions(device="cpu", budget=Budget(epochs=4), log=tmp_path / "log.jsonl")

    def taught(source: FingerprintSet) -> Teacher:
        return teach(source, "cnnloc", recipe=recipe, settings=settings, run=options)

    first = taught(small_survey())
    assert stages(tmp_path / "log.jsonl") == [("pre-training", 3), *following]
    again = taught(small_survey())
    assert stages(tmp_path / "log.jsonl") == following
    assert again.content_hash() == first.content_hash()
