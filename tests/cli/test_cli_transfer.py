"""`tutelage fit --transfer`: from tables to answers, stopped and resumed, and refusals."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from command_line import Command, Ended, assert_refused, files_below, stopped_after

from tutelage.data.surveys import export_table, simulated_survey

RUN = (
    "--method",
    "dnn",
    "--set",
    "width=16",
    "--set",
    "d_e=8",
    "--set",
    "encoder_width=12",
    "--device",
    "cpu",
)
FIT = (*RUN, "--epochs", 2)


def ended_well(ended: Ended) -> str:
    assert ended.code == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two buildings smaller than the target, as tables."""
    folder = tmp_path_factory.mktemp("sources")
    for name, seed in (("museum", 7), ("school", 8)):
        survey = simulated_survey(
            seed=seed, n_train=80, n_test=8, n_access_points=12, n_floors=1, width_m=40, depth_m=24
        )
        export_table(survey, folder / f"{name}.csv")
    return [folder / "museum.csv", folder / "school.csv"]


@pytest.mark.parametrize("kind", ["collective", "sequential"])
def test_transfer_from_tables_to_answers(
    tutelage: Command, tables: Path, sources: list[Path], tmp_path: Path, kind: str
) -> None:
    model = tmp_path / "m"
    given = [part for source in sources for part in ("--source", source)]
    fit = ("fit", tables / "survey.csv", "--transfer", kind, *given, "--out", model, *FIT)
    figures = json.loads(ended_well(tutelage(*fit, "--json")))
    assert (figures["transfer"], figures["sources"]) == (kind, ["museum", "school"])
    assert "teachers" not in figures
    row = json.loads(ended_well(tutelage("evaluate", model, "--on", tables / "survey.csv", "--json")))
    assert (row["n_no_position"], row["mae_m"] > 0) == (0, True)
    lines = (tmp_path / "m.metrics.jsonl").read_text(encoding="utf-8").splitlines()
    stages = {
        "collective": ["sources", "target"],
        "sequential": ["source 1", "source 2", "target"],
    }[kind]
    assert list(dict.fromkeys(json.loads(line)["stage"] for line in lines)) == stages
    table = ended_well(tutelage(*fit))
    assert kind in table
    assert "museum, school" in table


@pytest.mark.slow
def test_transfer_killed_in_its_last_stage_and_resumed_is_the_uninterrupted_one(
    tutelage: Command, tables: Path, sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the process that is killed, as in this one
    # 80 scans are one batch of 64 an epoch, the target's 160 are two: step 27 of 30 comes in the last stage.
    source = ("--source", sources[0], "--set", "batch_size=64", "--epochs", 15)
    fit = ("fit", tables / "survey.csv", "--transfer", "sequential", *source, *RUN)
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    assert stopped_after(27, signal.SIGKILL, *fit, "--out", stopped).code == -signal.SIGKILL
    left = {path.name for path in (tmp_path / "stopped.checkpoint").iterdir()}
    assert "target.checkpoint" in left
    ended_well(tutelage(*fit, "--out", stopped, "--resume"))
    ended_well(tutelage(*fit, "--out", whole))
    assert (stopped / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert not (tmp_path / "stopped.checkpoint").exists()


def test_declared_code_holds_for_own_tables_beside_named_sets(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    fit = (
        "fit",
        "--transfer",
        "collective",
        "--not-heard",
        100,
        "--epochs",
        1,
        *RUN,
        "--out",
        tmp_path / "m",
    )
    ended_well(tutelage(*fit, tables / "survey.csv", "--source", "simulated"))
    neither = tutelage(*fit, "simulated:1", "--source", "simulated")
    assert_refused(neither, "for your own files")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--transfer", "colective", "--source", "simulated"), ["'colective'", "Did you mean collective"]),
        (("--transfer", "collective"), ["name at least one source"]),
        (("--source", "simulated"), ["source buildings are given, and no transfer"]),
        (("--transfer", "collective", "--source", "tamper"), ["'tamper'", "Did you mean tampere"]),
        (("--transfer", "collective", "--source", "gone.csv"), ["gone.csv", "no such file"]),
        (
            ("--transfer", "collective", "--source", "simulated", "--teachers", "untrained"),
            ["takes no teachers"],
        ),
        (
            ("--transfer", "collective", "--source", "simulated", "--method", "knn"),
            ["knn takes no transfer"],
        ),
        (
            ("--transfer", "collective", "--source", "simulated", "--method", "blend"),
            ["blend takes no transfer", "comes by pretrained"],
        ),
        (
            ("--transfer", "collective", "--source", "simulated", "--set", "trunk=thawed"),
            ["trunk = 'thawed'", "'tuned' or 'frozen'"],
        ),
        (
            ("--transfer", "collective", "--source", "simulated", "--set", "weight_sim=1"),
            ["unknown setting 'weight_sim'"],
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_transfer_is_refused(
    tutelage: Command,
    tables: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    method = () if "--method" in options else ("--method", "dnn")
    length = () if "knn" in options else ("--epochs", 1)
    ended = tutelage("fit", tables / "survey.csv", "--out", "m", *method, *length, *options)
    assert_refused(ended, *said)
    assert files_below(tmp_path) == {}
