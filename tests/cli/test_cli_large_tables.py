"""Scans of a large Parquet table are located batch after batch, with the answers of the whole table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import Command, assert_refused

from tutelage.data.fingerprints import Survey
from tutelage.data.forms import scan_batches
from tutelage.data.surveys import export_table
from tutelage.runtime import Runtime
from tutelage.runtime.positions import Positions
from tutelage.runtime.scan_rows import ScanRows

N = 40  # scans of the table
SIZE = 12


@pytest.fixture
def scans(building: Survey, tmp_path: Path) -> Path:
    export_table(building, tmp_path / "scans.parquet", split="test")
    assert building.test is not None
    assert len(building.test) == N
    return tmp_path / "scans.parquet"


@pytest.fixture
def whole(tutelage: Command, made: Path, scans: Path) -> Path:
    """Answers of the whole table, in every form."""
    for ending in ("csv", "json", "parquet"):
        out = scans.with_name(f"whole.{ending}")
        assert tutelage("locate", made / "knn", scans, "--out", out).code == 0
    return scans.with_name("whole")


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Small batches, and how many scans a model was given at a time."""
    monkeypatch.setattr(scan_batches, "BATCH_SCANS", SIZE)
    given: list[int] = []
    locate = Runtime.positions_of

    def counted(self: Runtime, scans: ScanRows, **named: Any) -> Positions:
        given.append(len(scans.scan_id))
        return locate(self, scans, **named)

    monkeypatch.setattr(Runtime, "positions_of", counted)
    return given


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_batches_have_the_answers_of_the_whole_table(
    tutelage: Command, made: Path, scans: Path, whole: Path, request: pytest.FixtureRequest, ending: str
) -> None:
    sizes = request.getfixturevalue("sizes")  # after the whole table was located
    out = scans.with_name(f"answers.{ending}")
    assert tutelage("locate", made / "knn", scans, "--out", out).code == 0
    assert sizes == [SIZE] * 3 + [N - 3 * SIZE]
    if ending != "parquet":
        assert out.read_bytes() == whole.with_suffix(f".{ending}").read_bytes()
    else:
        assert pq.read_table(out).equals(pq.read_table(whole.with_suffix(".parquet")))
    assert [*scans.parent.glob(".*")] == []


def test_the_terminal_and_parquet_get_the_same(
    tutelage: Command, made: Path, scans: Path, whole: Path, request: pytest.FixtureRequest
) -> None:
    sizes = request.getfixturevalue("sizes")
    assert tutelage("locate", made / "knn", scans).stdout == whole.with_suffix(".csv").read_text()
    assert len(sizes) > 1
    answers = tutelage("locate", made / "knn", scans, "--json").stdout
    assert pq.read_table(whole.with_suffix(".parquet")).to_pylist() == json.loads(answers)


def test_a_bad_cell_of_a_late_batch_leaves_the_old_answers(
    tutelage: Command, made: Path, scans: Path, sizes: list[int], building: Survey
) -> None:
    name = building.train.access_points[0]
    table = pq.read_table(scans)
    cells = np.where(np.arange(N) == 33, 55.0, -60.0)
    pq.write_table(table.set_column(table.column_names.index(name), name, pa.array(cells)), scans)
    out = scans.with_name("answers.csv")
    out.write_text("old")
    ended = tutelage("locate", made / "knn", scans, "--out", out)
    assert_refused(ended, "scans.parquet", "row 34", name, "55 is outside [-120, 0] dBm")
    assert out.read_text() == "old"
    assert sizes == []
    assert [*scans.parent.glob(".*")] == []


def test_an_end_between_two_batches_leaves_the_old_answers(
    tutelage: Command, made: Path, scans: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_batches, "BATCH_SCANS", SIZE)
    locate = Runtime.positions_of
    left = [2]

    def stopped(self: Runtime, scans: ScanRows, **named: Any) -> Positions:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return locate(self, scans, **named)

    monkeypatch.setattr(Runtime, "positions_of", stopped)
    for ending in (".csv", ".parquet"):
        left[0] = 2
        out = whole.with_suffix(ending)
        before = out.read_bytes()
        ended = tutelage("locate", made / "knn", scans, "--out", out)
        assert (ended.code, "nothing was written" in ended.stderr) == (130, True)
        assert out.read_bytes() == before
        assert [*scans.parent.glob(".*")] == []


def test_a_cluster_writes_the_same_file(
    tutelage: Command, made: Path, scans: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of Ray stand processes of this machine, of which the later parts are ready first."""
    from tutelage.experiments import executors
    from tutelage.localizer import Localizer

    class Backwards:
        def results(self, run: Any, jobs: Any, report: Any) -> Any:  # noqa: ARG002
            return reversed([(job, run(job)) for job in jobs])

    loads: list[Path] = []
    load = Localizer.load

    def noted(path: Path) -> Localizer:
        loads.append(path)
        return load(path)

    monkeypatch.setattr(scan_batches, "BATCH_SCANS", SIZE)
    monkeypatch.setattr(Localizer, "load", noted)
    monkeypatch.setattr(executors, "make_executor", lambda *_, **__: Backwards())
    out = scans.with_name("answers.csv")
    assert tutelage("locate", made / "knn", scans, "--out", out, "--executor", "ray").code == 0
    assert out.read_bytes() == whole.with_suffix(".csv").read_bytes()
    assert len(loads) == 1  # by one process, for four parts


@pytest.mark.slow
def test_ray_writes_the_same_file(
    tutelage: Command, made: Path, scans: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_batches, "BATCH_SCANS", SIZE)
    for ending in (".csv", ".parquet"):
        out = scans.with_name(f"answers{ending}")
        ended = tutelage("locate", made / "knn", scans, "--out", out, "--executor", "ray")
        assert ended.code == 0, ended.stderr
        assert out.read_bytes() == whole.with_suffix(ending).read_bytes() or ending == ".parquet"
    assert pq.read_table(out).equals(pq.read_table(whole.with_suffix(".parquet")))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--executor", "spark"), ["unknown executor 'spark'"]),
        (("--address", "auto"), ["is for the executor ray"]),
    ],
)
def test_what_is_no_cluster_is_refused(
    tutelage: Command, made: Path, scans: Path, options: tuple[str, ...], said: list[str]
) -> None:
    assert_refused(tutelage("locate", made / "knn", scans, *options), *said)
