"""tutelage drift, update and fit --update, on a user's own table and on what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_table
from tutelage.localizer import Localizer

LOST = "AP015"  # in the simulation, of access points that come and go


@pytest.fixture(scope="module")
def recent(building: Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scans from the field, without positions, half of the access points gone."""
    assert building.test is not None
    gone = set(building.train.access_points[::2])
    test = building.test.aligned_to([name for name in building.test.access_points if name not in gone])
    path = tmp_path_factory.mktemp("recent") / "recent.csv"
    path.write_text("\n".join(blind_table(test)) + "\n", encoding="utf-8")
    return path


def blind_table(scans: FingerprintSet) -> list[str]:
    """Write a table without positions."""
    lines = [",".join(["scan_id", *scans.access_points])]
    for name, row in zip(scans.scan_id, scans.rss_dbm.toarray(), strict=True):
        lines.append(",".join([str(name), *("" if value == 0 else f"{value:g}" for value in row)]))
    return lines


def test_drift_tells_what_is_gone_and_says_when_to_survey_again(
    tutelage: Command, made: Path, recent: Path, building: Survey
) -> None:
    ended = tutelage("drift", made / "knn", recent, "--json")
    assert ended.code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["severity"] == "resurvey"
    assert found["measured"] is None
    assert found["loss"]["factor"] > 1.1
    named = {each["access_point"] for each in found["gone"]}
    assert named
    assert named <= {*building.train.access_points[::2], LOST}
    shown = tutelage("drift", made / "knn", recent)
    assert shown.code == 0
    assert "survey again: the mean error is expected to be" in shown.stdout
    assert all(f"gone: {name}," in shown.stdout for name in named)
    loss = found["loss"]
    assert 1 <= loss["factor_after_update"] < loss["factor"]
    update = f"tutelage update {made / 'knn'} --scans {recent} leaves the {len(named)} gone access points out"
    after, before = (f"{loss[name] - 1:.0%}" for name in ("factor_after_update", "factor"))
    assert f"{update}: the mean error is then expected to be {after} larger than at first" in shown.stdout
    assert f"instead of {before}" in shown.stdout


def test_drift_measures_the_error_where_positions_are_known(
    tutelage: Command, made: Path, tables: Path
) -> None:
    """Of a survey with two splits, the test split is asked about."""
    for scans in ("truth.csv", "survey.csv"):
        ended = tutelage("drift", made / "dnn", tables / scans, "--json")
        assert ended.code == 0, ended.stderr
        found = json.loads(ended.stdout)
        assert found["n_scans"] == 40
        assert found["loss"]["factor_after_update"] is None
        assert found["measured"]["mae_m"] > 0
        assert 0 <= found["measured"]["coverage"] <= 1


def test_drift_refuses_what_it_cannot_compare(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text("scan_id,elsewhere\na,-50\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text("scan_id,AP001\na,-60\nb,loud\nc,-61\n", encoding="utf-8")
    for scans, said in (
        (tmp_path / "none.csv", "no such file"),
        (tmp_path / "other.csv", "was it fitted on another building?"),
        (tmp_path / "bad.csv", "'loud'"),
        ("nowhere", "data set 'nowhere'"),
    ):
        assert_refused(tutelage("drift", made / "knn", scans), said)
    assert_refused(tutelage("drift", tmp_path / "none", tables / "truth.csv"), "there is no model in")
    assert_refused(tutelage("drift", made / "knn"), "Missing argument 'SCANS'")


def test_fit_update_continues_and_the_model_says_from_what(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    out = tmp_path / "updated"
    update = ("fit", "--update", made / "knn", "--out", out, "--json")
    assert_refused(tutelage(*update, tables / "survey.csv"), "holds all of the 160 new scans already")
    assert files_below(tmp_path) == {}
    ended = tutelage(*update, tables / "truth.csv")
    assert ended.code == 0, ended.stderr
    assert json.loads(ended.stdout)["updated_from"].startswith("survey")
    before, after = Localizer.load(made / "knn"), Localizer.load(out)
    assert after.lineage_.updated_from is not None
    assert after.lineage_.updated_from.data_hash == before.lineage_.data_hash
    assert after.method_spec.name == "knn"
    again = ("fit", "--update", made / "dnn", tables / "survey.csv", "--out", tmp_path / "dnn")
    ended = tutelage(*again, "--epochs", 1, "--device", "cpu")
    assert ended.code == 0, ended.stderr
    assert set(files_below(tmp_path)) == {
        *("dnn", "dnn/model.json", "dnn/weights.safetensors", "dnn.metrics.jsonl"),
        *("dnn.metrics.calibration.jsonl", "updated", "updated/model.json", "updated/weights.safetensors"),
    }


def test_fit_update_drops_what_is_gone_when_asked(
    tutelage: Command, made: Path, building: Survey, tmp_path: Path
) -> None:
    gone = building.train.access_points[2]
    kept = building.train.aligned_to([name for name in building.train.access_points if name != gone])
    export_table(Survey("later", kept), tmp_path / "later.csv", split="train")
    update = ("fit", "--update", made / "knn", tmp_path / "later.csv", "--out")
    for out, flags, there in (("kept", (), True), ("dropped", ("--drop-gone",), False)):
        ended = tutelage(*update, tmp_path / out, *flags)
        assert ended.code == 0, ended.stderr
        assert (gone in Localizer.load(tmp_path / out).access_points_) is there


@pytest.mark.parametrize(
    "option",
    [
        ("--method", "dnn"),
        ("--pretrained", "none"),
        ("--set", "k=5"),
        ("--recipe", "paper"),
        ("--teachers", "none"),
        ("--transfer", "collective"),
        ("--source", "simulated"),
    ],
)
def test_fit_update_refuses_what_an_update_keeps(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path, option: tuple[str, str]
) -> None:
    update = ("fit", "--update", made / "knn", tables / "survey.csv", "--out", tmp_path / "m")
    assert_refused(tutelage(*update, *option), f"{option[0]}: an update keeps method, settings")
    assert not (tmp_path / "m").exists()


def test_fit_update_refuses_other_slips(tutelage: Command, made: Path, tables: Path, tmp_path: Path) -> None:
    fit, out = ("fit", tables / "survey.csv"), ("--out", tmp_path / "m")
    assert_refused(tutelage(*fit, *out, "--drop-gone"), "--drop-gone goes with --update")
    assert_refused(tutelage(*fit, *out, "--update", tmp_path / "none"), "there is no model in")
    assert_refused(tutelage(*fit, *out, "--update", made / "knn", "--epochs", 2), "learns nothing")
    assert_refused(tutelage("fit", "--update", made / "knn", *out), "Missing argument 'SURVEY'")


def test_update_leaves_out_what_scans_without_positions_no_longer_hear(
    tutelage: Command, made: Path, recent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = json.loads(tutelage("drift", made / "knn", recent, "--json").stdout)
    names = sorted(each["access_point"] for each in found["gone"])
    ended = tutelage("update", made / "knn", "--scans", recent, "--json")
    assert ended.code == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["model"], told["survey"], told["n_train"]) == ("knn-updated", "recent", 0)
    assert told["dropped"] == names
    assert told["updated_from"] == "survey, 160 scans"
    after = Localizer.load(tmp_path / "knn-updated")
    assert set(after.access_points_) == set(Localizer.load(made / "knn").access_points_) - {*names}
    assert after.calibration_ is not None
    assert_refused(tutelage("update", made / "knn", "--scans", recent), "knn-updated exists")
    shown = tutelage("fit", recent, "--update", made / "knn", "--out", tmp_path / "other")
    assert shown.code == 0, shown.stderr
    assert f"{len(names)} access points: {', '.join(names[:6])}" in shown.stdout
    assert Localizer.load(tmp_path / "other").access_points_ == after.access_points_
    length = ("--epochs", 1, "--device", "cpu", "--json")
    ended = tutelage("update", made / "dnn", "--scans", recent, "--out", tmp_path / "dnn", *length)
    assert ended.code == 0, ended.stderr
    assert "times as large, by estimate" in json.loads(ended.stdout)["unsaid"]


def test_update_adds_scans_with_positions(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    out = tmp_path / "updated"
    ended = tutelage("update", made / "knn", "--scans", tables / "truth.csv", "--out", out, "--json")
    assert ended.code == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["n_train"], told["dropped"]) == (40, [])


def test_update_refuses_slips_and_scans_that_show_nothing_gone(
    tutelage: Command, made: Path, building: Survey, tmp_path: Path
) -> None:
    lines = blind_table(building.train)
    same = tmp_path / "same.csv"
    same.write_text("\n".join(lines) + "\n", encoding="utf-8")
    update = ("update", made / "knn", "--out", tmp_path / "m")
    assert_refused(tutelage(*update, "--scans", same), "none is gone, so nothing changed")
    same.write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    assert_refused(tutelage(*update, "--scans", same), "give scans of more places")
    assert_refused(tutelage(*update, "--scans", same, "--epochs", 2), "learns nothing")
    assert_refused(tutelage(*update), "Missing option '--scans'")
    assert_refused(tutelage(*update, "--scans", tmp_path / "none.csv"), "no such file")
    assert_refused(
        tutelage("update", tmp_path / "none", "--scans", same, "--out", tmp_path / "m"),
        "there is no model in",
    )
    assert not (tmp_path / "m").exists()
