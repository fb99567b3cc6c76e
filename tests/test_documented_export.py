"""docs/reference/formats.md names every entry of an exported model."""

from __future__ import annotations

import json
from pathlib import Path

import onnxruntime
import pytest

from tutelage.data.surveys import simulated_survey
from tutelage.export import export_model
from tutelage.localizer import Localizer
from tutelage.runtime import read_exported
from tutelage.training import Budget, RunOptions

DOCS = (Path(__file__).parents[1] / "docs/reference/formats.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an exported model, model.zip."""
    folder = tmp_path_factory.mktemp("reader")
    survey = simulated_survey(
        seed=4, n_train=200, n_test=20, n_access_points=16, n_floors=2, width_m=30, depth_m=20
    )
    run = RunOptions(device="cpu", budget=Budget(2))
    model = Localizer("dnn", settings={"width": 16, "d_e": 8}, run=run).fit(survey)
    export_model(model, folder / "model.zip", scans=survey)
    return folder


@pytest.mark.slow
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
