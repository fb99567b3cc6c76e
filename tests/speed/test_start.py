"""What a command imports: counted, for seconds depend on what else the machine does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.cli.lazy_verbs import VERBS
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_table, load, read_scans, simulated_survey
from tutelage.files.model_folder import read_model_folder, write_model_folder
from tutelage.localizer import Localizer
from tutelage.runtime import Runtime

HEAVY = {
    "torch",
    "scipy",
    "sklearn",
    "optuna",
    "plotly",
    "onnxruntime",
    "pooch",
    "shapely",
    "pyproj",
    "joblib",
}
# With numpy, the libraries that read and write files.
LIBRARIES = HEAVY | {"numpy", "pyarrow", "safetensors", "filelock"}
AS_IT_IS: dict[str, Any] = {
    "knn": {"method": "knn", "settings": {"k": 3, "metric": "sorensen", "representation": "powed"}},
    "matcher": {"method": "matcher", "settings": {"fine_tune": False}},
    "blend": {"method": "blend", "settings": {"share": 0.0, "matcher.fine_tune": False}},
}
# Runs a command, then says on standard error what is imported.
COUNTING = """
import json, sys
from tutelage.__main__ import main
try:
    main()
finally:
    sys.stdout.flush()
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def run(*arguments: object, program: str = COUNTING) -> tuple[str, list[str]]:
    """Run a command in its own process; what it prints, and the names of all modules that it imported."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, json.loads(ended.stderr.splitlines()[-1])


def packages(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def own(modules: list[str]) -> list[str]:
    return [name for name in modules if name.partition(".")[0] == "tutelage"]


# -- help --------------------------------------------------------------------------------------------


def test_help_imports_the_list_of_verbs_and_no_verb() -> None:
    text, modules = run("--help")
    assert "fit a model to a survey" in text.lower()
    assert packages(modules) & LIBRARIES == set()
    assert not [name for name in modules if name.startswith("tutelage.cli.verb_")]
    assert len(own(modules)) <= 8  # 5 today, 127 when each verb was imported
    assert len(modules) <= 500  # 330 today, 920 then


def test_help_of_a_verb_imports_this_verb_alone() -> None:
    _, modules = run("locate", "--help")
    assert [name for name in modules if name.startswith("tutelage.cli.verb_")] == ["tutelage.cli.verb_locate"]
    assert packages(modules) & LIBRARIES == set()
    assert len(own(modules)) <= 12  # 8 today


def test_help_of_every_verb_waits_for_no_library() -> None:
    program = (
        "import json, sys\n"
        "from tutelage.cli.lazy_verbs import VERBS, command_of\n"
        "print([command_of(verb).name for verb in VERBS])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    text, modules = run(program=program)
    assert text.count("'") == 2 * len(VERBS)
    assert packages(modules) & LIBRARIES == set()


@pytest.mark.parametrize(
    ("command", "not_imported"),
    [
        (("data", "list"), {"torch", "sklearn", "pooch"}),
        (("data", "check", "survey.csv"), {"torch", "sklearn", "pooch", "plotly", "jinja2"}),
        (("data", "export", "survey.csv", "survey.geojson"), {"torch", "sklearn", "pooch"}),
        (("keys", "list", "--store", "a.db"), LIBRARIES),
        (("evaluate", "model", "--on", "survey.csv"), {"plotly", "jinja2", "pooch"}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else None,
)
def test_verbs_import_what_they_use(
    command: tuple[str, ...], not_imported: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "TUTELAGE_DATA" in os.environ:  # which may be relative
        monkeypatch.setenv("TUTELAGE_DATA", str(Path(os.environ["TUTELAGE_DATA"]).resolve()))
    monkeypatch.chdir(tmp_path)
    export_table(small_building(), tmp_path / "survey.csv")
    if "model" in command:
        Localizer(**AS_IT_IS["knn"], calibrate=False).fit(small_building()).save(tmp_path / "model")
    if "keys" in command:
        run("keys", "make", "hall", "--role", "read", "--store", "a.db")
    _, modules = run(*command)
    assert packages(modules) & not_imported == set()


# -- locating ----------------------------------------------------------------------------------------


def small_building() -> Survey:
    return simulated_survey(seed=6, n_train=200, n_test=60, n_access_points=30, n_floors=2)


def part_of_tampere() -> Survey:
    """A part of a real building, whose scans hear nothing that is in the map now and then."""
    survey = load("tampere")
    assert survey.test is not None
    rng = np.random.default_rng(1)
    train, test = (
        each[np.sort(rng.choice(len(each), n, replace=False))]
        for each, n in ((survey.train, 300), (survey.test, 150))
    )
    return Survey("part", train, test)


def of_places(survey: Survey) -> Survey:
    """The same survey with rooms of 6 m by 6 m, and no positions."""

    def named(scans: FingerprintSet) -> FingerprintSet:
        rooms = np.array([f"{x // 6:.0f},{y // 6:.0f}" for x, y in scans.known_position_m])
        return FingerprintSet(scans.rss_dbm, scans.access_points, scans.scan_id, place=rooms)

    assert survey.test is not None
    return Survey("rooms", named(survey.train), named(survey.test))


SURVEYS = {
    "simulated": small_building,
    "places": lambda: of_places(small_building()),
    "tampere": part_of_tampere,
}
every_survey = pytest.mark.parametrize(
    "survey",
    ["simulated", "places", pytest.param("tampere", marks=pytest.mark.real_data)],
    indirect=True,
)


@pytest.fixture(scope="module")
def survey(request: pytest.FixtureRequest) -> Survey:
    return SURVEYS[request.param]()


@pytest.mark.parametrize("kind", AS_IT_IS)
@every_survey
def test_locate_answers_byte_for_byte_as_the_library_without_pytorch(
    kind: str, survey: Survey, tmp_path: Path
) -> None:
    model = Localizer(**AS_IT_IS[kind]).fit(survey)
    model.save(tmp_path / "model")
    export_table(survey, tmp_path / "scans.csv", split="test")
    scans = read_scans(
        tmp_path / "scans.csv", with_positions=False, access_points=["", *model.access_points_]
    )
    expected = json.dumps(model.predict(scans, level=0.8).records(), indent=1, ensure_ascii=False) + "\n"

    text, modules = run("locate", tmp_path / "model", tmp_path / "scans.csv", "--level", 0.8, "--json")
    assert text == expected
    assert packages(modules) & (HEAVY | {"rich"}) == set()
    assert len(own(modules)) <= 120  # 89 today
    assert len(modules) <= 800  # 490 today, 2,440 when PyTorch was imported

    again = Localizer.load(tmp_path / "model").predict(scans, level=0.8).records()
    assert json.dumps(again, indent=1, ensure_ascii=False) + "\n" == expected


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "matcher"
    Localizer(**AS_IT_IS["matcher"], calibrate=False).fit(small_building()).save(folder)
    return folder


def test_matcher_of_an_earlier_version_answers_the_same_by_the_library(matcher: Path, tmp_path: Path) -> None:
    card, arrays = read_model_folder(matcher)
    averages = ("point", "near", "wide")
    earlier = {name: array for name, array in arrays.items() if not name.startswith(averages)}
    write_model_folder(tmp_path / "earlier", card, earlier)
    assert Runtime.of_saved(card, earlier) is None
    assert Runtime.of_saved(card, arrays) is not None
    scans = small_building().test
    assert scans is not None
    now, then = (Localizer.load(path).predict(scans).records() for path in (matcher, tmp_path / "earlier"))
    assert now == then


def test_model_with_too_many_averages_leaves_them_out(matcher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = Localizer.load(matcher).method_
    assert "near" in method.tensors()
    monkeypatch.setattr("tutelage.methods.matcher.matcher._MOST_BYTES", 1000)
    assert not [name for name in method.tensors() if name.startswith(("point", "near", "wide"))]


def test_what_numpy_alone_cannot_answer_is_left_to_the_library(matcher: Path) -> None:
    card, arrays = read_model_folder(matcher)
    of_blend = {"matcher": card["config"], "network": {"kind": "dnn"}, "share": 0.3}
    assert Runtime.of_saved({**card, "method": "dnn"}, arrays) is None
    assert Runtime.of_saved({**card, "config": {}}, arrays) is None
    assert Runtime.of_saved({**card, "method": "blend", "config": of_blend}, arrays) is None
