"""Networks as ONNX graphs, held against PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from dense_scans import dense_dbm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.representation import RepresentationKind, RssRepresentation
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError
from tutelage.export import export_model
from tutelage.export.onnx_graph import network_graph, represent_in_graph
from tutelage.localizer import Localizer
from tutelage.networks import RssBatch, SparseLinear, register_network
from tutelage.runtime import read_exported
from tutelage.runtime.readings import to_strength
from tutelage.training import Budget, RunOptions
from tutelage.training.trained_network import TrainedNetwork

SMALL: dict[str, dict[str, Any]] = {
    "dnn": {},
    "cnnloc": {},
    "bayescnn": {"widths": (8, 16), "d_e": 32},
    "baat": {"tokens": 8, "d_e": 32, "blocks": 2},
}

ONE_EPOCH = RunOptions(device="cpu", budget=Budget(1))


def session_of(graph: bytes) -> Any:
    return onnxruntime.InferenceSession(graph)


def graph_of(path: Path) -> bytes:
    return read_exported(path)[1]["network.onnx"]


@pytest.mark.real_data
@pytest.mark.parametrize(
    "network", [pytest.param(name, marks=() if name == "dnn" else pytest.mark.slow) for name in SMALL]
)
def test_graph_answers_as_pytorch_on_real_scans(network: str, tampere: Survey, tmp_path: Path) -> None:
    """Scans of the test split, which the export itself did not look at, whole and one by one."""
    assert tampere.test is not None
    run = RunOptions(device="cpu", budget=Budget(3))
    model = Localizer(network, settings=SMALL[network], run=run, calibrate=False)
    model.fit(tampere.train)
    card = export_model(model, tmp_path / "model", scans=tampere)
    assert card["verified"]["scans"] == "training scans of tampere"
    assert card["verified"]["n_scans"] == len(tampere.train)
    assert 0 < card["verified"]["max_difference"] < 1e-4
    asked = tampere.test[::13]
    session, expected = session_of(graph_of(tmp_path / "model")), model.predict(asked)
    rss_dbm = dense_dbm(asked, model.access_points_)
    position_m, floor_logits = session.run(None, {"rss_dbm": rss_dbm})
    assert isinstance(model.method_, TrainedNetwork)
    scale_m = model.method_.scaler.scale_m
    assert np.abs(position_m - expected.position_m).max() / scale_m < 1e-4
    floors = np.asarray(card["floors"])[floor_logits.argmax(axis=1)]
    np.testing.assert_array_equal(floors, expected.floor)
    assert len(set(floors)) > 1
    for row in range(3):
        alone_m, _ = session.run(None, {"rss_dbm": rss_dbm[row : row + 1]})
        np.testing.assert_allclose(alone_m[0], position_m[row], atol=1e-3)


@pytest.mark.parametrize("kind", ["positive", "exponential", "powed"])
@given(st.lists(st.floats(-120, 0, width=32), min_size=1), st.floats(-119, -60))
@settings(max_examples=50)
def test_representation_of_the_graph_is_that_of_the_library(
    kind: RepresentationKind, rss_dbm: list[float], rss_min_dbm: float
) -> None:
    by = RssRepresentation(kind, rss_min_dbm, ("ap",))
    found = represent_in_graph(torch.tensor([*rss_dbm, torch.nan]), by).numpy()
    expected = to_strength(np.array(rss_dbm, dtype=np.float32), kind, rss_min_dbm)
    np.testing.assert_allclose(found, [*expected, 0.0], atol=1e-6)


@given(arrays(np.float32, (4, 6), elements=st.just(0.0) | st.floats(0.015625, 1, width=32)))
@settings(max_examples=50)
def test_full_batches_are_normalised_as_sparse_ones(values: np.ndarray) -> None:
    full = RssBatch.full(torch.as_tensor(values))
    row, column = np.nonzero(values)
    offset = np.concatenate([[0], np.cumsum((values != 0).sum(axis=1))[:-1]])
    readings = (torch.as_tensor(column), torch.as_tensor(values[row, column]), torch.as_tensor(offset))
    heard = RssBatch(*readings, 6)
    np.testing.assert_allclose(full.row_normalised().dense(), heard.row_normalised().dense(), atol=1e-6)
    np.testing.assert_array_equal(full.dense(), values)


@pytest.fixture(scope="module")
def graph(exported: dict[str, Path]) -> bytes:
    """Of a small DNN, as it stands in its file."""
    return graph_of(exported["dnn"])


def test_graph_has_no_position_for_a_blank_a_faint_and_a_wrongly_coded_scan(graph: bytes) -> None:
    session = session_of(graph)
    scans = np.full((5, session.get_inputs()[0].shape[1]), np.nan, dtype=np.float32)
    scans[0, 0] = -50  # heard
    scans[2, 0] = -119.5  # faint: below the lowest training reading
    scans[3] = 100  # a code for "not heard"
    scans[4, :2] = -50, -121
    position_m, *_ = session.run(None, {"rss_dbm": scans})
    np.testing.assert_array_equal(np.isnan(position_m).any(axis=1), [False, True, True, True, True])


def test_graph_alone_says_what_its_user_needs(graph: bytes, fitted: Callable[[str], Localizer]) -> None:
    model, session = fitted("dnn"), session_of(graph)
    about = session.get_modelmeta().custom_metadata_map
    assert about["format"] == "tutelage-runtime-2"
    assert about["method"] == "dnn"
    assert json.loads(about["access_points"]) == list(model.access_points_)
    assert json.loads(about["frame"]) == {"origin_m": list(model.frame_.origin_m), "epsg": None}
    assert json.loads(about["floors"]) == ["0", "1"]
    assert json.loads(about["buildings"]) == ["simulated"]
    assert json.loads(about["lineage"]) == model.lineage_.as_dict()
    assert (about["source"], about["licence"]) == (model.lineage_.survey, model.lineage_.licence)
    assert "NaN" in about["input"]
    assert "position_m" in about["output"]
    (given,) = session.get_inputs()
    assert (given.name, given.shape) == ("rss_dbm", ["batch", len(model.access_points_)])
    assert [answer.name for answer in session.get_outputs()] == [
        "position_m",
        "floor_logits",
        "building_logits",
    ]


def test_graph_is_valid_and_says_nothing_of_the_machine_that_made_it(graph: bytes) -> None:
    onnx.checker.check_model(onnx.load_from_string(graph))
    assert str(Path(__file__).parents[2]).encode() not in graph
    assert b"site-packages" not in graph


@pytest.mark.slow
def test_a_transferred_network_with_its_encoder_is_exported(two_floors: Survey, tmp_path: Path) -> None:
    model = Localizer(
        "dnn", transfer="sequential", sources=[two_floors], settings={"width": 16}, run=ONE_EPOCH
    ).fit(two_floors)
    card = export_model(model, tmp_path / "model", scans=two_floors)
    assert card["verified"]["max_difference"] < 1e-4


# -- networks of the user's own ---------------------------------------------------------------------------


class Own(nn.Module):
    """Three parts, of which `middle` is what a test wants to see exported, or refused."""

    def __init__(self, n_ap: int, *, middle: nn.Module) -> None:
        super().__init__()
        self.framer = nn.Sequential(nn.Linear(n_ap, 8), nn.Tanh())
        self.extractor = nn.Sequential(nn.Linear(8, 8), middle)
        self.regressor = nn.Linear(8, 2)


class Bessel(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        answer: Tensor = torch.special.bessel_j0(z)
        return answer


class CountsScans(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return z + torch.zeros(len(z), 1)


class Branches(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return z if bool((z.detach()[0] > 0).any()) else -z


def own_model(survey: Survey, middle: type[nn.Module]) -> TrainedNetwork:
    name = f"own-{middle.__name__.lower()}"
    register_network(name, lambda n_ap: Own(n_ap, middle=middle()))
    method = Localizer(name, run=ONE_EPOCH).fit(survey).method_
    assert isinstance(method, TrainedNetwork)
    return method


@pytest.mark.parametrize(
    ("middle", "said"),
    [
        (Bessel, r"own-bessel.*ONNX has no operation \S*bessel_j0"),
        pytest.param(
            CountsScans, r"own-countsscans.*fixes the number of scans.*shape\[0\]", marks=pytest.mark.slow
        ),
        pytest.param(Branches, r"own-branches.*\(at: return z if", marks=pytest.mark.slow),
    ],
)
def test_a_network_that_onnx_cannot_say_is_refused_by_the_operation(
    middle: type[nn.Module], said: str, two_floors: Survey
) -> None:
    student = own_model(two_floors, middle)
    with pytest.raises(BadInputError, match=said):
        network_graph(student)


class SparseFramer(nn.Module):
    """A Framer that counts what is heard, from the batch's own fields."""

    def __init__(self, n_ap: int) -> None:
        super().__init__()
        self.linear = SparseLinear(n_ap, 8)

    def forward(self, scans: RssBatch) -> Tensor:
        answer: Tensor = self.linear(scans.row_normalised()) + scans.dense().mean(dim=1, keepdim=True)
        return answer


class OwnSparse(nn.Module):
    def __init__(self, n_ap: int) -> None:
        super().__init__()
        self.framer, self.regressor = SparseFramer(n_ap), nn.Linear(8, 2)
        self.extractor = nn.Sequential(
            nn.Unflatten(1, (2, 4)), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), nn.Flatten()
        )


@pytest.mark.slow
def test_a_network_of_ones_own_that_reads_sparse_batches_is_exported(
    two_floors: Survey, unseen: FingerprintSet
) -> None:
    register_network("own-sparse", OwnSparse, sparse_input=True)
    student = Localizer("own-sparse", run=ONE_EPOCH).fit(two_floors).method_
    assert isinstance(student, TrainedNetwork)
    found, *_ = session_of(network_graph(student)).run(
        None, {"rss_dbm": dense_dbm(unseen, student.representation.access_points)}
    )
    np.testing.assert_allclose(found, student.locate(unseen).position_m, atol=1e-3)


def test_network_whose_input_is_filled_is_refused(tmp_path: Path) -> None:
    survey = simulated_survey(n_train=64, n_test=1)
    run = RunOptions(device="cpu", budget=Budget(updates=1))
    settings = {"width": 8, "d_e": 4}
    model = Localizer("dnn", recipe="printed", settings=settings, run=run, calibrate=False).fit(survey)
    with pytest.raises(BadInputError, match="a network whose input is filled cannot be exported"):
        export_model(model, tmp_path / "model.zip")
