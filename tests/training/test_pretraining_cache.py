"""What pre-training keeps: the same result bit for bit, whatever became of the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_pretraining import N_STEPS, RECIPE, bit_equal, pretrained
from small_run import CPU, small_data, small_survey
from torch import Tensor, nn

from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.networks import RssBatch, build_network
from tutelage.training import Budget, RunOptions, TrainingData, pretrain_network, seeded

pytestmark = pytest.mark.usefixtures("cache")


def test_second_time_comes_out_of_the_cache_bit_for_bit(cache: Path, tmp_path: Path) -> None:
    first = pretrained()
    (kept,) = cache.iterdir()
    made = kept.stat().st_mtime_ns
    again = pretrained(RunOptions(device="cpu", log=tmp_path / "log.jsonl"))
    assert bit_equal(again, first)
    assert not (tmp_path / "log.jsonl").exists()  # no step was done
    assert kept.stat().st_mtime_ns == made


def test_cache_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pretrained()
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "taken"))
    assert bit_equal(pretrained(), first)


class Tied(nn.Module):
    """A learner that holds the Framer under two names."""

    def __init__(self, front: nn.Module) -> None:
        super().__init__()
        self.front = self.again = front

    def forward(self, scans: RssBatch) -> Tensor:
        loss: Tensor = (self.front(scans) + self.again(scans)).square().mean()
        return loss


def test_learner_with_tied_weights_is_kept_as_well(cache: Path) -> None:
    def learnt() -> dict[str, Tensor]:
        with seeded(0, CPU):
            network = build_network("dnn", 12, {"width": 16, "d_e": 8})
            network.module.pretraining = lambda: Tied(network.part("framer"))  # type: ignore[assignment]
            pretrain_network(network, small_data(), RECIPE, RunOptions(device="cpu"), N_STEPS)
            return dict(network.state_dict())

    first = learnt()
    (kept,) = cache.iterdir()
    made = kept.stat().st_mtime_ns
    again = learnt()
    assert kept.stat().st_mtime_ns == made
    assert all(torch.equal(first[key], again[key]) for key in first)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)


def drop_a_tensor(file: Path) -> None:
    tensors = load_file(file)
    save_file(dict(list(tensors.items())[1:]), file)


def put_a_folder_in_its_place(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-5]),
        lambda file: file.write_text("not a tensor in sight"),
        lambda file: save_file({"other": torch.zeros(3)}, file),
        flip_a_bit,
        drop_a_tensor,
        put_a_folder_in_its_place,
    ],
    ids=["empty", "cut", "text", "other", "bit", "tensor", "folder"],
)
def test_damaged_cache_is_made_again(cache: Path, damage: Callable[[Path], object]) -> None:
    first = pretrained()
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    damage(kept)
    assert bit_equal(pretrained(), first)
    assert kept.is_dir() or kept.read_bytes() == whole


def test_what_changes_the_result_changes_the_entry(cache: Path) -> None:
    scans = small_survey()[:50]
    representation = RssRepresentation.fit(small_survey())
    scaler = CoordinateScaler.fit(scans.known_position_m)
    runs: list[dict[str, Any]] = [
        {},
        {"options": RunOptions(seed=1, device="cpu")},
        {"options": RunOptions(device="cpu", budget=Budget(epochs=10))},
        {"recipe": RECIPE.model_copy(update={"learning_rate": 1e-3})},
        {"n_steps": 2 * N_STEPS},
        {"data": TrainingData(scans, representation, scaler, CPU)},
    ]
    for n, run in enumerate(runs, start=1):
        pretrained(**run)
        assert len(list(cache.iterdir())) == n


def test_positions_do_not_change_the_entry(cache: Path) -> None:
    survey = small_survey()
    for scans in (survey, replace(survey, position_m=3 * survey.known_position_m)):
        scaler = CoordinateScaler.fit(scans.known_position_m)
        pretrained(data=TrainingData(scans, RssRepresentation.fit(scans), scaler, CPU))
    assert len(list(cache.iterdir())) == 1
