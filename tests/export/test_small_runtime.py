"""The runtime answers as the library does, with numpy and onnxruntime alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError, FileFormatError
from tutelage.export import export_model
from tutelage.export.verifying import as_mappings
from tutelage.localizer import Localizer
from tutelage.runtime import Runtime, read_exported
from tutelage.training import Budget, RunOptions

pytestmark = pytest.mark.slow  # what they share takes long to make

KINDS = ("knn", "matcher", "blend", "dnn")

# Anything else that is imported is refused, as if it were not installed.
ALONE = """
import json, sys

class Refuse:
    allowed = {*sys.stdlib_module_names, "lazy_loader", "numpy", "onnxruntime", "tutelage"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from tutelage.runtime import Runtime

models, scans = json.load(sys.stdin)
print(json.dumps([Runtime.load(model).locate(scans) for model in models]))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names)))
"""


@pytest.fixture(scope="module")
def asked(fitted: Callable[[str], Localizer], unseen: FingerprintSet) -> list[dict[str, float]]:
    """Scans of every sort: good ones, blank ones, unknown ones, faint ones."""
    first, second = fitted("knn").access_points_[:2]
    odd = [{}, {"a bus": -70.0}, {first: -119.5}, {second: -60.0, "a bus": -70.0, first: -50.0}, {first: 0.0}]
    return [*as_mappings(unseen), *odd]


def assert_same_records(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Alike to a millimetre, which is how far positions are rounded."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for axis in ("x_m", "y_m"):
            assert one.pop(axis) == pytest.approx(other.pop(axis), abs=2e-3)
        assert one.pop("radius_m") == pytest.approx(other.pop("radius_m"), abs=0.011)
        assert one == other


def test_runtime_answers_as_the_library_where_nothing_else_can_be_imported(
    exported: dict[str, Path], fitted: Callable[[str], Localizer], asked: list[dict[str, float]]
) -> None:
    given = json.dumps([[str(path) for path in exported.values()], asked])
    ended = subprocess.run(
        [sys.executable, "-c", ALONE], input=given, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    answers, imported = map(json.loads, ended.stdout.splitlines())
    assert {"lazy_loader", "numpy", "onnxruntime", "tutelage"} <= set(imported)
    for kind, records in zip(exported, answers, strict=True):
        assert_same_records(records, fitted(kind).predict(asked).records())


def test_a_model_of_knn_does_not_ask_for_onnxruntime(exported: dict[str, Path]) -> None:
    program = ALONE.replace('"onnxruntime", ', "")
    given = json.dumps([[str(exported["knn"])], [{}]])
    ended = subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    given = json.dumps([[str(exported["dnn"])], [{}]])
    ended = subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, text=True, check=False, timeout=120
    )
    assert 'needs onnxruntime: pip install "tutelage[runtime]"' in ended.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_reasons_floors_and_unknown_access_points_are_told(
    kind: str, exported: dict[str, Path], asked: list[dict[str, float]]
) -> None:
    runtime = Runtime.load(exported[kind])
    records = runtime.locate(asked)
    good, (blank, unknown, faint, mixed, _) = records[:-5], records[-5:]
    assert {record["floor"] for record in good} == {"0", "1"}
    assert {record["building"] for record in good} == {"simulated"}
    assert "blank" in blank["reason"]
    assert "no access point that the model knows" in unknown["reason"]
    assert "too faintly" in faint["reason"]
    for record in (blank, unknown, faint):
        assert record["x_m"] is record["y_m"] is record["floor"] is None
    assert (unknown["n_unknown"], mixed["n_unknown"]) == (1, 1)
    assert mixed["x_m"] is not None
    assert runtime.locate([]) == []


def test_a_level_that_is_no_share_is_refused_with_and_without_radii(exported: dict[str, Path]) -> None:
    card, files = read_exported(exported["knn"])
    bare = {key: card[key] for key in card if key != "calibration"}
    for runtime in (Runtime(card, files), Runtime(bare, files)):
        with pytest.raises(BadInputError, match="level is 95; the share"):
            runtime.locate([{"AP001": -50.0}], level=95)


def test_scans_keep_their_names(exported: dict[str, Path], asked: list[dict[str, float]]) -> None:
    records = Runtime.load(exported["knn"]).locate(asked[:2], scan_id=["lobby", "lift"])
    assert [record["scan_id"] for record in records] == ["lobby", "lift"]


@pytest.mark.real_data
@pytest.mark.parametrize("network", ["knn", pytest.param("blend", marks=pytest.mark.slow)])
def test_radio_maps_answer_as_the_library_on_real_scans(
    network: str, tampere: Survey, tmp_path: Path
) -> None:
    """Scans of the test split, which the export itself did not look at."""
    assert tampere.test is not None
    quick = {
        "matcher.fine_tune": False,
        "width": 64,
        "d_e": 16,
    }  # the matcher that comes with Tutelage, as it is
    settings: dict[str, dict[str, Any]] = {
        "knn": {"metric": "sorensen", "representation": "powed", "k": 10},
        "blend": {**quick, "share": 0.3},
    }
    run = RunOptions(device="cpu", budget=Budget(2) if network == "blend" else Budget())
    model = Localizer(network, settings=settings[network], run=run).fit(tampere.train)
    card = export_model(model, tmp_path / "model.zip", scans=replace(tampere, train=tampere.train[::5]))
    assert card["verified"]["max_difference_m"] < 1e-3
    found = Runtime.load(tmp_path / "model.zip").positions(as_mappings(tampere.test[::20]))
    expected = model.predict(tampere.test[::20])
    np.testing.assert_allclose(found.position_m, expected.position_m, atol=1e-3)
    assert expected.floor is not None
    np.testing.assert_array_equal(found.floor, expected.floor)


def test_a_network_without_labels_is_exported(
    two_floors: Survey, unseen: FingerprintSet, tmp_path: Path
) -> None:
    settings = {"width": 16, "d_e": 8, "weight_labels": 0.0}
    model = Localizer("dnn", settings=settings, run=RunOptions(device="cpu", budget=Budget(2)))
    card = export_model(model.fit(two_floors), tmp_path / "model", scans=two_floors)
    assert (card["kind"], card["method"]) == ("network", "dnn")
    assert (card["floors"], card["buildings"]) == (None, None)
    records = Runtime.load(tmp_path / "model").locate(as_mappings(unseen))
    assert {(record["floor"], record["building"]) for record in records} == {(None, None)}
    assert_same_records(records, model.predict(as_mappings(unseen)).records())


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_every_metric_of_knn_is_exported(
    metric: str, two_floors: Survey, unseen: FingerprintSet, tmp_path: Path
) -> None:
    settings = {"metric": metric, "representation": "positive", "k": 3}
    model = Localizer("knn", settings=settings).fit(two_floors)
    export_model(model, tmp_path / "model", scans=two_floors)
    found = Runtime.load(tmp_path / "model").locate(as_mappings(unseen))
    assert_same_records(found, model.predict(as_mappings(unseen)).records())


# -- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scans", "said"),
    [
        ({"ap": -60.0}, r"locate\(\[scan\]\)"),
        ([{"a bus": 100.0}], r"in \[-120, 0\].*scan '0', a bus is 100.*Leave such access points out"),
        ([{}, {"a bus": float("nan")}], "scan '1', a bus is nan"),
        ([{"a bus": "loud"}], "RSS of a bus is 'loud'; give a number"),
        ([{"a bus": None}], "scan '0', a bus is nan|RSS of a bus is None"),
    ],
)
def test_bad_readings_are_refused(scans: Any, said: str, exported: dict[str, Path]) -> None:
    with pytest.raises(BadInputError, match=said):
        Runtime.load(exported["knn"]).locate(scans)


def test_as_many_names_as_scans_are_needed(exported: dict[str, Path]) -> None:
    with pytest.raises(BadInputError, match="1 names for 2 scans"):
        Runtime.load(exported["knn"]).locate([{}, {}], scan_id=["lobby"])


@pytest.mark.parametrize("kind", ["knn", "matcher"])
def test_a_damaged_model_is_refused(kind: str, exported: dict[str, Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    source = exported[kind]
    names = [path.name for path in source.iterdir()] if source.is_dir() else [""]
    for name in names:
        whole = (source / name if name else source).read_bytes()
        damaged = [whole[: len(whole) // 2], b"", whole[:-1]]
        for at in rng.integers(len(whole), size=40):
            changed = bytearray(whole)
            changed[at] ^= 1 << int(rng.integers(8))
            damaged.append(bytes(changed))
        for content in damaged:
            copy = tmp_path / "model"
            if name:
                copy.mkdir(exist_ok=True)
                for other in source.iterdir():
                    (copy / other.name).write_bytes(other.read_bytes())
                (copy / name).write_bytes(content)
            else:
                copy.write_bytes(content)
            assert_refused_or_unharmed(copy, source)


def assert_refused_or_unharmed(copy: Path, source: Path) -> None:
    """A bit of a zip's own bookkeeping may turn without harm; nothing else may."""
    try:
        found = read_exported(copy)
    except FileFormatError:
        return
    assert found == read_exported(source)


def test_what_is_no_exported_model_says_how_to_make_one(
    fitted: Callable[[str], Localizer], tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match="tutelage export MODEL"):
        Runtime.load(tmp_path / "nothing")
    fitted("knn").save(tmp_path / "saved")
    with pytest.raises(FileFormatError, match=r"tutelage-model-2.*tutelage export MODEL"):
        Runtime.load(tmp_path / "saved")
