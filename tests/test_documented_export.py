"""The examples of research/export.md run, and it names what is exported; what it says of that is not tested."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from tutelage.data.surveys import simulated_survey
from tutelage.export import export_model
from tutelage.localizer import Localizer
from tutelage.runtime import Runtime, read_exported
from tutelage.training import Budget, RunOptions

DOCS = (Path(__file__).parents[1] / "research" / "export.md").read_text(encoding="utf-8")
EXAMPLES = [
    re.sub(r"^ {4}", "", block, flags=re.MULTILINE)
    for block in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", DOCS, flags=re.MULTILINE)
    if "import " in block
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader of the page stands: with model.zip, and the same as a folder."""
    folder = tmp_path_factory.mktemp("reader")
    survey = simulated_survey(
        seed=4, n_train=200, n_test=20, n_access_points=16, n_floors=2, width_m=30, depth_m=20
    )
    run = RunOptions(device="cpu", budget=Budget(2))
    model = Localizer("dnn", settings={"width": 16, "d_e": 8}, run=run).fit(survey)
    export_model(model, folder / "model.zip", scans=survey)
    with zipfile.ZipFile(folder / "model.zip") as whole:
        whole.extractall(folder / "model")
    return folder


@pytest.mark.slow
def test_examples_run_as_they_stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    for example in EXAMPLES:
        exec(compile(example, "research/export.md", "exec"), names)
    located, blank = names["answers"]
    assert located["x_m"] is not None
    assert "blank" in blank["reason"]
    (expected,) = Runtime.load("model.zip").locate([names["scan"]])
    assert expected["n_unknown"] == 1
    assert (names["x_m"], names["y_m"]) == pytest.approx((expected["x_m"], expected["y_m"]), abs=1e-3)
    assert names["floor"] == expected["floor"]


def test_page_names_every_entry_of_the_card_and_of_the_metadata(folder: Path) -> None:
    card, files = read_exported(folder / "model.zip")
    session = onnxruntime.InferenceSession(files["network.onnx"])
    about = session.get_modelmeta().custom_metadata_map
    for name in (*card, *about, *files):
        assert f"`{name}`" in DOCS, name
    for value in (*session.get_inputs(), *session.get_outputs()):
        assert f"put `{value.name}`" in DOCS, value.name
    assert f'"{card["format"]}"' in DOCS
    assert json.loads(about["representation"]).keys() <= {"kind", "rss_min_dbm"}
