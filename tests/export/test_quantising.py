"""Networks in eight bits: smaller, and what that costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError
from tutelage.export import export_model
from tutelage.export.quantising import quantise_network
from tutelage.export.verifying import as_mappings
from tutelage.localizer import Localizer
from tutelage.runtime import Runtime, read_exported

pytestmark = pytest.mark.slow  # what they share takes long to make

Fitted = Callable[[str], Localizer]


@pytest.fixture(scope="module")
def small(fitted: Fitted, two_floors: Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DNN in eight bits."""
    out = tmp_path_factory.mktemp("small") / "model.zip"
    export_model(fitted("dnn"), out, scans=two_floors, int8=True)
    return out


def test_card_says_what_eight_bits_save_and_cost(
    small: Path, exported: dict[str, Path], unseen: FingerprintSet
) -> None:
    card, files = read_exported(small)
    said, exact = card["int8"], read_exported(exported["dnn"])[0]
    assert said["float32_bytes"] == exact["files"]["network.onnx"]["size_bytes"]
    assert said["int8_bytes"] == len(files["network.onnx"]) < said["float32_bytes"]
    assert exact["int8"] is None
    cost = said["cost"]
    assert (cost["scans"], cost["n_scans"]) == ("test scans of simulated", len(unseen))
    positions = [Runtime.load(path).positions(as_mappings(unseen)) for path in (exported["dnn"], small)]
    errors = [
        np.linalg.norm(p.absolute_position_m - unseen.absolute_position_m, axis=1).mean() for p in positions
    ]
    assert [cost["float32_mae_m"], cost["int8_mae_m"]] == pytest.approx(errors, abs=1e-4)
    within = [
        (np.linalg.norm(p.absolute_position_m - unseen.absolute_position_m, axis=1) <= p.radius_m).mean()
        for p in positions
        if p.radius_m is not None
    ]
    assert [cost["float32_coverage"], cost["int8_coverage"]] == pytest.approx(within, abs=1e-4)
    moved_m = np.linalg.norm(positions[1].position_m - positions[0].position_m, axis=1)
    assert cost["mean_shift_m"] == pytest.approx(moved_m.mean(), abs=1e-4)
    assert 0 < cost["mean_shift_m"] < cost["max_shift_m"] == pytest.approx(moved_m.max(), abs=1e-4)
    assert cost["max_shift_m"] < 1


def test_graph_says_that_it_has_eight_bits(small: Path, exported: dict[str, Path]) -> None:
    for path, weights in ((small, "int8"), (exported["dnn"], "float32")):
        graph = read_exported(path)[1]["network.onnx"]
        about = onnxruntime.InferenceSession(graph).get_modelmeta().custom_metadata_map
        assert about["weights"] == weights
        assert about["format"] == "tutelage-runtime-2"


def test_a_scans_answer_does_not_depend_on_the_others_asked_with_it(
    small: Path, unseen: FingerprintSet
) -> None:
    runtime, scans = Runtime.load(small), as_mappings(unseen[:8])
    together = runtime.positions(scans).position_m
    alone = [runtime.positions([scan]).position_m[0] for scan in scans]
    np.testing.assert_array_equal(together, alone)


def test_cost_is_not_measured_without_scans_nor_errors_without_positions(
    exported: dict[str, Path], two_floors: Survey, unseen: FingerprintSet
) -> None:
    card, files = read_exported(exported["blend"])
    assert quantise_network(card, files, None)[1]["cost"] is None
    blind = replace(two_floors, test=replace(unseen, position_m=None))
    small, said = quantise_network(card, files, blind)
    assert said["cost"]["float32_mae_m"] is said["cost"]["int8_mae_m"] is None
    assert said["cost"]["float32_coverage"] is said["cost"]["int8_coverage"] is None
    assert said["cost"]["mean_shift_m"] > 0
    assert small["matcher.onnx"] == files["matcher.onnx"]


@pytest.mark.parametrize("kind", ["knn", "matcher"])
def test_a_model_without_a_network_has_nothing_to_quantise(kind: str, fitted: Fitted, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=rf"a model of {kind} has none"):
        export_model(fitted(kind), tmp_path / "model.zip", int8=True)
    assert list(tmp_path.iterdir()) == []


def test_scans_of_another_building_are_refused(fitted: Fitted, two_floors: Survey, tmp_path: Path) -> None:
    elsewhere = replace(
        two_floors.train, access_points=tuple(f"other {name}" for name in two_floors.train.access_points)
    )
    with pytest.raises(BadInputError, match="the model's own building"):
        export_model(fitted("knn"), tmp_path / "model.zip", scans=replace(two_floors, train=elsewhere))
