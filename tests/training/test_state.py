"""The state of a run on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from small_run import small_state

from tutelage.errors import FileFormatError


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_truncated_checkpoint_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "student.checkpoint"
    small_state().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match=r"student\.checkpoint is damaged .* start without --resume"):
        small_state().load(path)


@pytest.mark.parametrize(
    "metadata", [None, {"tutelage": "{"}, {"tutelage": '{"format": "tutelage-teacher-1"}'}]
)
def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other", metadata=metadata)
    with pytest.raises(FileFormatError, match="other"):
        small_state().load(tmp_path / "other")


def test_refused_checkpoint_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    small_state(step=4, fingerprint={"seed": 1}).save(tmp_path / "one")
    state = small_state(fingerprint={"seed": 2})
    before = {key: value.clone() for key, value in state.modules["student"].state_dict().items()}
    with pytest.raises(ValueError, match="seed was 1, now 2"):
        state.load(tmp_path / "one")
    assert state.step == 0
    assert all(torch.equal(value, before[k]) for k, value in state.modules["student"].state_dict().items())


def test_progress_is_the_share_of_steps_done() -> None:
    assert small_state(step=5).progress == 0.25


def test_checkpoint_from_before_a_module_leaves_it_as_it_is(tmp_path: Path) -> None:
    before = small_state()
    before.save(tmp_path / "one")
    record = torch.nn.Linear(2, 2)
    weights = {key: value.clone() for key, value in record.state_dict().items()}
    now = small_state()
    now.modules["record"] = record
    now.load(tmp_path / "one")
    assert all(torch.equal(value, weights[key]) for key, value in record.state_dict().items())
    student = now.modules["student"].state_dict()
    assert all(
        torch.equal(value, student[key]) for key, value in before.modules["student"].state_dict().items()
    )
