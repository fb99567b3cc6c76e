"""Products of matrices in bfloat16."""

from __future__ import annotations

import pytest
import torch

from tutelage import Localizer, RunOptions, evaluate, simulated_survey, teach
from tutelage import precision as arithmetic
from tutelage.errors import BadInputError
from tutelage.precision import Precision, full, full_precision, in_precision, require_precision
from tutelage.training import Budget

CPU = torch.device("cpu")
SURVEY = simulated_survey(n_floors=1, n_train=200, n_test=60)


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every processor imitate bfloat16: the arithmetic is the same, only slower."""
    monkeypatch.setattr(arithmetic, "_has_bfloat16", lambda device: device.type == "cpu")


def run(precision: Precision, updates: int = 60) -> RunOptions:
    return RunOptions(device="cpu", budget=Budget(updates=updates), precision=precision)


def test_products_are_rounded_within_the_block_alone() -> None:
    a, b = torch.full((4, 4), 1.001), torch.eye(4)
    with in_precision(CPU, "bfloat16"):
        rounded = a @ b
        with full_precision(a):
            exact = a @ b
    assert rounded.dtype == torch.bfloat16
    assert full(rounded).dtype == torch.float32
    assert float(full(rounded)[0, 0]) == 1.0
    assert torch.equal(exact, a)
    with in_precision(CPU, "float32"):
        assert torch.equal(a @ b, a)
    assert full(a) is a


@pytest.mark.parametrize("network", ["dnn", "cnnloc"])
def test_a_network_learns_as_well_and_answers_in_full_precision(network: str) -> None:
    errors = {}
    for precision in ("float32", "bfloat16"):
        model = Localizer(network, teachers=["untrained"], run=run(precision), calibrate=False).fit(SURVEY)
        errors[precision] = evaluate(model, SURVEY).figures()["mae_m"]
    assert errors["bfloat16"] != errors["float32"], "bfloat16 must do something"
    assert errors["bfloat16"] == pytest.approx(errors["float32"], rel=0.2)


def test_a_teacher_is_trained_in_bfloat16() -> None:
    settings = {"width": 32, "d_e": 16, "critic_steps": 1}
    one, other = (teach(SURVEY, settings=settings, run=run(each, 5)) for each in ("float32", "bfloat16"))
    assert one.content_hash() != other.content_hash()
    assert all(torch.isfinite(weight).all() for weight in other.generator.state_dict().values())


def test_an_unknown_precision_and_a_device_without_it_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInputError, match="take float32 or bfloat16"):
        require_precision(CPU, "float16")  # type: ignore[arg-type]
    monkeypatch.setattr(arithmetic, "_has_bfloat16", lambda _: False)
    with pytest.raises(BadInputError, match="this cpu has no bfloat16 arithmetic; take precision float32"):
        Localizer("dnn", run=run("bfloat16", 2), calibrate=False).fit(SURVEY)


def test_the_processor_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    assert arithmetic._has_bfloat16(CPU)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True}, raising=False)
    assert not arithmetic._has_bfloat16(CPU)
    assert not arithmetic._has_bfloat16(torch.device("meta"))
