"""A transfer interrupted in any stage and resumed is the one that was never interrupted, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.paper.transfer import Source, shared_trunk
from tutelage.training import Batch, Step, TrainState, run_stage
from tutelage.training.trained_network import TrainedNetwork

Transferred = Callable[..., TrainedNetwork]


class Interrupted(Exception):  # noqa: N818 (it is no error)
    """The run stops before a step, as at Ctrl-C."""


def interrupt(monkeypatch: pytest.MonkeyPatch, where: str, stop_before: int) -> None:
    """Make the stage `where` stop before one of its steps."""

    def stopping(stage: str, state: TrainState, step: Step, *arguments: Any, **options: Any) -> None:
        def or_stop(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
            if (stage, state.step) == (where, stop_before):
                raise Interrupted
            return step(state, batch)

        run_stage(stage, state, or_stop, *arguments, **options)

    monkeypatch.setattr(shared_trunk, "run_stage", stopping)


@pytest.mark.parametrize(
    ("kind", "stage", "stop_before"),
    [
        pytest.param("collective", "sources", 7, marks=pytest.mark.slow),
        pytest.param("collective", "target", 0, marks=pytest.mark.slow),
        ("collective", "target", 4),
        pytest.param("sequential", "source 1", 3, marks=pytest.mark.slow),
        pytest.param("sequential", "source 2", 0, marks=pytest.mark.slow),
        ("sequential", "source 2", 6),
        pytest.param("sequential", "target", 5, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"trunk": "frozen", "regressor": "new"}, marks=pytest.mark.slow)],
    ids=["tuned", "frozen"],
)
def test_interrupted_then_resumed_equals_uninterrupted(
    target: FingerprintSet,
    transferred: Transferred,
    tmp_path: Path,
    kind: str,
    stage: str,
    stop_before: int,
    options: dict[str, str],
) -> None:
    whole = transferred(target, kind, **options).tensors()
    with pytest.MonkeyPatch.context() as patched:
        interrupt(patched, stage, stop_before)
        for resume in (False, True):  # resumed, it stands where it was stopped
            with pytest.raises(Interrupted):
                transferred(target, kind, folder=tmp_path, resume=resume, **options)
    resumed = transferred(target, kind, folder=tmp_path, resume=True, **options).tensors()
    assert resumed.keys() == whole.keys()
    for key, expected in whole.items():
        np.testing.assert_array_equal(resumed[key], expected)


def test_checkpoints_are_one_a_stage(
    target: FingerprintSet, transferred: Transferred, tmp_path: Path
) -> None:
    transferred(target, "sequential", folder=tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["source-1.checkpoint", "source-2.checkpoint", "target.checkpoint"]


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        ({"seed": 1}, "seed was 0, now 1"),
        ({"trunk": "frozen"}, "recipe was .*'tuned'.*'frozen'"),
        ({"given": "one source"}, "sources was"),
    ],
)
def test_checkpoint_of_another_run_is_refused_naming_the_difference(
    target: FingerprintSet,
    transferred: Transferred,
    sources: list[Source],
    tmp_path: Path,
    given: dict[str, Any],
    difference: str,
) -> None:
    transferred(target, "collective", folder=tmp_path)
    changed = {"given": sources[:1]} if "given" in given else given
    with pytest.raises(BadInputError, match=difference):
        transferred(target, "collective", folder=tmp_path, resume=True, **changed)
