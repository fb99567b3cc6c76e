"""Options and files that cannot be used: exit code 2, one message, and nothing written or lost."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Command, assert_refused, files_below

from tutelage.methods.matcher.pretrained import shipped_matcher
from tutelage.paper.expert_training import Teacher

ANY = "--epochs", "1", "--device", "cpu"
DNN = "--method", "dnn"


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, which the command must leave empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--method", "dnm", *ANY), ["unknown method 'dnm'", "Did you mean dnn"]),
        ((*DNN, "--recipe", "papr", *ANY), ["unknown recipe 'papr'", "Did you mean paper"]),
        (("--recipe", "paper", *ANY), ["blend takes no recipe but the default"]),
        (("--set", "learning_rat=1", *ANY), ["learning_rat", "Did you mean learning_rate"]),
        (("--set", "widht=8", *ANY), ["widht", "Did you mean width"]),
        (("--set", "width=wide", *ANY), ["width", "wide"]),
        (("--set", "weight_mae=0", *ANY), ["weight_mae", "greater than 0"]),
        (("--method", "baat", "--set", "weight_fi=0.5", *ANY), ["J_FI is refused", "not Lipschitz"]),
        (("--method", "bayescnn", "--set", "kernels=3,5", *ANY), ["kernels has 2 values for 3 blocks"]),
        (("--set", "width", *ANY), ["--set 'width'", "NAME=VALUE"]),
        (("--set", "=8", *ANY), ["--set '=8'", "NAME=VALUE"]),
        (("--set", "width=8", "--set", "width=9", *ANY), ["--set width is given twice, as 8 and as 9"]),
        (("--epochs", "0"), ["epochs must be a positive number, it is 0"]),
        (("--minutes", "-1"), ["minutes must be a positive number, it is -1.0"]),
        (("--minutes", "nan"), ["minutes must be a positive number"]),
        (("--epochs", "1", "--minutes", "1"), ["either epochs or minutes, not both"]),
        (("--seed", "-1", *ANY), ["Invalid value", "--seed"]),
        (("--device", "abacus", "--epochs", "1"), ["device 'abacus' cannot be used here", "cpu"]),
        ((*DNN, "--teachers", "gone.teacher", *ANY), ["there is no teacher file gone.teacher"]),
        ((*DNN, "--teachers", ".", *ANY), ["there is no teacher file ."]),
        (
            ("--teachers", "zoo:dnn-tampere", *ANY),
            ["blend takes no surrogate teachers", "comes by pretrained"],
        ),
        (
            ("--pretrained", "gone.matcher", *ANY),
            ["there is no pretrained matcher gone.matcher", "tutelage pretrain"],
        ),
        (("--pretrained", "zoo:dnn-tampere", *ANY), ["is a surrogate teacher, no pretrained matcher"]),
        (
            (*DNN, "--pretrained", "none", *ANY),
            ["dnn takes no pretrained matcher", "choose matcher or blend"],
        ),
        (("--network", "dnn", *ANY), ["No such option", "--network"]),
        (("--target", "simulated", *ANY), ["No such option", "--target"]),
        (("--not-heard", "ten"), ["not_heard: 'ten' is no code"]),
        (("--epochs", "many"), ["Invalid value", "--epochs"]),
        (("--tecaher", "x"), ["No such option", "--teachers"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_option_of_fit_is_refused(
    tutelage: Command, tables: Path, workplace: Path, options: tuple[str, ...], said: list[str]
) -> None:
    assert_refused(tutelage("fit", tables / "survey.csv", "--out", "m", *options), *said)
    assert files_below(workplace) == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--teachers", "untrained"), ["knn takes no surrogate teachers", "a method that takes it"]),
        (("--epochs", "3"), ["knn takes no epochs or minutes"]),
        (("--epochs", "0"), ["epochs must be a positive number"]),
        (("--pretrained", "none"), ["knn takes no pretrained matcher"]),
        (("--recipe", "paper"), ["knn takes no recipe but the default"]),
        (("--set", "metrik=cosine"), ["unknown setting of knn 'metrik'", "Did you mean metric"]),
        (("--set", "metric=sorenson"), ["metric", "sorensen"]),
        (("--set", "k=0"), ["k", "greater than or equal to 1"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_option_of_knn_is_refused(
    tutelage: Command, tables: Path, workplace: Path, options: tuple[str, ...], said: list[str]
) -> None:
    ended = tutelage("fit", tables / "survey.csv", "--method", "knn", "--out", "m", *options)
    assert_refused(ended, *said)
    assert files_below(workplace) == {}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("data", "fetch", "tamper"), ["'tamper'", "Did you mean tampere"]),
        (("data", "export", "ujiindorloc", "a.csv"), ["'ujiindorloc'", "Did you mean ujiindoorloc"]),
        (("data", "export", "simulated:x", "a.csv"), ["simulated:x", "whole number"]),
        (("data", "export", "simulated", "a.txt"), ["a.txt", ".csv or .parquet"]),
        (("data", "export", "simulated", "a.csv", "--split", "tset"), ["'tset'", "Did you mean test"]),
        (("data", "export", "simulated", "gone/a.csv"), ["gone does not exist"]),
        (("data", "list", "--data-dir", "gone"), ["gone", "does not exist"]),
        (("teach", "tamper", "--out", "t"), ["'tamper'", "Did you mean tampere"]),
        (
            ("teach", "simulated", "--out", "t", "--network", "knn"),
            ["unknown network 'knn'", "Allowed", "dnn"],
        ),
        (
            ("teach", "simulated", "--out", "t", "--network", "blend"),
            ["unknown network 'blend'"],
        ),
        (("teach", "simulated", "--out", "t", "--set", "margin_rad=2"), ["margin_rad"]),
        (
            ("teach", "simulated", "--out", "t", "--set", "weight_labels=1"),
            ["weight_labels = 1: the source network of a teacher learns positions alone"],
        ),
        (
            ("teach", "simulated", "--out", "t", "--epochs", "0"),
            ["epochs must be a positive number"],
        ),
        (("teach", "simulated", "--out", "t", "--not-heard", "100"), ["for your own files"]),
        (("teach", ".", "--out", "t"), ["is a folder; give a table in it"]),
        (("teach", "--out", "t"), ["Missing argument 'SURVEY'"]),
        (("teach", "simulated", "tut5", "--out", "t"), ["unexpected extra argument"]),
        (("teach", "simulated", "--exclude", "tut5", "--out", "t"), ["No such option", "--exclude"]),
        (("teach", "simulated", "--network", "matcher", "--out", "t"), ["unknown network 'matcher'"]),
        (("pretrain", "simulated", "--recipe", "paper", "--out", "t"), ["No such option", "--recipe"]),
        (("pretrain", "simulated", "--set", "width=0", "--out", "t"), ["width = '0'"]),
        (("pretrain", "simulated", "--set", "widht=8", "--out", "t"), ["widht", "Did you mean width"]),
        (("pretrain", "simulated", "simulated", "--out", "t"), ["simulated is named twice"]),
        (("pretrain", "tut5", "--exclude", "tut", "--out", "t"), ["'tut'", "Did you mean tut"]),
        (("pretrain", "tut5", "--exclude", "tut5", "--out", "t"), ["no source is left"]),
        (("pretrain", "tut5", "--exclude-campus", "--out", "t"), ["name the set whose campus"]),
        (("fit", "--method", "knn"), ["Missing argument 'SURVEY'"]),
        (("fit", "a.csv", "b.csv", "--method", "knn"), ["unexpected extra argument"]),
        (("fit", "simulatd", "--out", "m", "--method", "knn"), ["Did you mean simulated"]),
        (("zoo", "show", "gone.teacher"), ["there is no teacher file gone.teacher"]),
        (("evaluate", "gone", "--on", "simulated"), ["there is no model in gone"]),
        (("evaluate", "gone", "--on", "simulated", "--report", "far/r.html"), ["far does not exist"]),
        (("evaluate", "gone", "--on", "simulated", "--report", "."), [". is a folder"]),
        (("locate", "gone", "scans.csv"), ["there is no model in gone"]),
        (("locate", "gone", "scans.csv", "--out", "a.txt"), ["--out a.txt", ".csv or .json"]),
        (("locate", "gone", "scans.csv", "--out", "a.csv", "--json"), ["must end in .json"]),
        (("locate", "gone", "scans.csv", "--out", "far/a.csv"), ["far does not exist"]),
        (("reproduce", "tabel1"), ["unknown table 'tabel1'", "Did you mean table1"]),
        (("reproduce", "table1", "--budget", "quik"), ["unknown budget 'quik'", "Did you mean quick"]),
        (("reproduce", "table1", "--jobs", "0"), ["Invalid value", "--jobs"]),
        (("reproduce", "table1", "--targets", "tampre"), ["unknown target 'tampre'", "Did you mean tampere"]),
        (("reproduce", "table1", "--networks", "dnn,cnnlok"), ["unknown network 'cnnlok'", "cnnloc"]),
        (("reproduce", "table1", "--methods", "sim"), ["unknown method 'sim'", "literal_mi"]),
        (("reproduce", "table1", "--sources", "dsi"), ["unknown source 'dsi'", "Did you mean dsi1"]),
        (("reproduce", "table1", "--targets", "dsi1", "--sources", "dsi1"), ["cannot be a source"]),
        (
            ("reproduce", "all", "--methods", "sequential"),
            ["differ in their networks and methods"],
        ),
        (
            ("reproduce", "table1", "--networks", "dnn,matcher"),
            ["no methods for matcher", "accuracy, small_maps"],
        ),
        (("reproduce", "table1", "--targets", ","), ["--targets names nothing"]),
        (("reproduce", "appendix_a", "--finished"), ["--finished is for tables of cells"]),
        (("reproduce", "appendix_a", "--networks", "blend"), ["blend has not; name a network"]),
        (("reproduce", "table1", "--targets", "dsi1,dsi1"), ["given twice"]),
        (("reproduce", "table1", "--executor", "slurm"), ["unknown executor 'slurm'", "ray"]),
        (("reproduce", "table1", "--address", "auto"), ["address 'auto' is for the executor ray"]),
        (("reproduce", "appendix_a", "--networks", "knn"), ["knn has not; name a network"]),
        (("reproduce", "appendix_a", "--targets", "dsi1,tut6"), ["one target at a time"]),
        (("reproduce", "appendix_a", "--seeds", "3"), ["leave the seeds out"]),
        (("fi",), ["No such command", "fit"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_command_is_refused(
    tutelage: Command, workplace: Path, command: tuple[str, ...], said: list[str]
) -> None:
    assert_refused(tutelage(*command), *said)
    assert files_below(workplace) == {}


# -- where to write ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["fit", "teach", "pretrain"])
def test_out_in_a_missing_folder_is_refused_before_the_data_are_read(
    tutelage: Command, workplace: Path, verb: str
) -> None:
    assert_refused(tutelage(verb, "no-such-set", "--out", "gone/m"), "cannot write gone/m", "create it")
    assert files_below(workplace) == {}


@pytest.mark.parametrize("verb", ["fit", "teach", "pretrain"])
def test_out_in_a_folder_without_permission_is_refused(
    tutelage: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may do anything
    assert_refused(tutelage(verb, "no-such-set", "--out", "m"), "no permission to write", str(workplace))


def test_foreign_folder_is_not_taken_for_a_model(tutelage: Command, tables: Path, workplace: Path) -> None:
    (workplace / "photos").mkdir()
    (workplace / "photos" / "cat.jpg").write_bytes(b"cat")
    before = files_below(workplace)
    ended = tutelage("fit", tables / "survey.csv", "--method", "knn", "--out", "photos")
    assert_refused(ended, "photos exists and is no model")
    assert files_below(workplace) == before


def test_folder_is_not_taken_for_a_teacher_file(tutelage: Command, workplace: Path) -> None:
    (workplace / "t.teacher").mkdir()
    assert_refused(tutelage("teach", "no-such-set", "--out", "t.teacher"), "t.teacher is a folder")
    assert list(files_below(workplace)) == ["t.teacher"]


def test_demo_in_a_file_is_refused(tutelage: Command, workplace: Path) -> None:
    (workplace / "notes").write_text("mine")
    ended = tutelage("demo", "--out", "notes")
    assert (ended.code, (workplace / "notes").read_text()) == (2, "mine")
    assert "notes is a file" in ended.stderr


def test_demo_in_a_folder_of_the_users_is_refused(tutelage: Command, workplace: Path) -> None:
    (workplace / "mine").mkdir()
    (workplace / "mine" / "survey.csv").write_text("my own")
    assert_refused(
        tutelage("demo", "--out", "mine"), "mine is not empty and of no demo; choose another folder"
    )
    assert [path.name for path in (workplace / "mine").iterdir()] == ["survey.csv"]
    assert (workplace / "mine" / "survey.csv").read_text() == "my own"


@pytest.mark.parametrize(
    ("command", "file", "kind"),
    [
        (("tune", "SURVEY", "--trials", "1", "--epochs", "1"), "dnn.json", "network file"),
        (("teach", "SURVEY", "--out", "precious", *ANY), "precious", "teacher"),
        (("pretrain", "SURVEY", "--out", "precious", *ANY), "precious", "pretrained matcher"),
    ],
    ids=["tune", "teach", "pretrain"],
)
def test_a_file_of_another_kind_is_not_replaced(
    tutelage: Command, tables: Path, workplace: Path, command: tuple[str, ...], file: str, kind: str
) -> None:
    (workplace / file).write_text('{"mine": true}')
    given = [str(tables / "survey.csv") if word == "SURVEY" else word for word in command]
    assert_refused(tutelage(*given), f"{file} exists and is no {kind}; name another with --out")
    assert files_below(workplace) == {file: b'{"mine": true}'}


@pytest.mark.slow
def test_a_training_that_diverged_leaves_nothing_to_go_on_from(
    tutelage: Command, tables: Path, workplace: Path
) -> None:
    fit = ("fit", tables / "survey.csv", *DNN, "--out", "m", "--set", "learning_rate=1e9")
    ended = tutelage(*fit, "--epochs", 30, "--device", "cpu")
    assert ended.code == 2
    assert "lower learning_rate" in ended.stderr
    assert not [name for name in files_below(workplace) if "checkpoint" in name]


@pytest.mark.parametrize("verb", ["evaluate", "compare", "plan"])
def test_a_report_whose_name_is_of_another_kind_is_refused(
    tutelage: Command, tables: Path, workplace: Path, verb: str
) -> None:
    survey = tables / "survey.csv"
    given = ("m", "--on", survey) if verb == "evaluate" else (survey,)
    assert_refused(tutelage(verb, *given, "--report", "r.pdf"), "r.pdf: a report is an HTML page", ".html")
    assert files_below(workplace) == {}


# -- files of ours that are not as we left them ---------------------------------------------------------


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damage", [flipped, halved, lambda _: b""], ids=["flipped bit", "truncated", "empty"]
)
def test_damaged_teacher_is_refused_by_show_and_fit(
    tutelage: Command, made: Path, tables: Path, workplace: Path, damage: object
) -> None:
    assert callable(damage)
    (workplace / "t.teacher").write_bytes(damage((made / "t.teacher").read_bytes()))
    assert_refused(tutelage("zoo", "show", made / "t.teacher", "t.teacher"), "t.teacher", "damaged")
    survey = tables / "survey.csv"
    ended = tutelage("fit", survey, *DNN, "--teachers", "t.teacher", "--out", "m", *ANY)
    assert_refused(ended, "t.teacher", "damaged")
    assert list(files_below(workplace)) == ["t.teacher"]


@pytest.mark.parametrize(
    "damage", [flipped, halved, lambda _: b""], ids=["flipped bit", "truncated", "empty"]
)
@pytest.mark.parametrize("file", ["model.json", "weights.safetensors"])
def test_damaged_model_is_refused_by_evaluate_and_locate(
    tutelage: Command, made: Path, tables: Path, workplace: Path, file: str, damage: object
) -> None:
    assert callable(damage)
    shutil.copytree(made / "knn", "m")
    (workplace / "m" / file).write_bytes(damage((workplace / "m" / file).read_bytes()))
    truth = tables / "truth.csv"
    assert_refused(tutelage("evaluate", "m", "--on", truth, "--report", "r.html"), "model m", "damaged")
    assert_refused(tutelage("locate", "m", truth, "--out", "a.csv"), "model m", "damaged")
    assert sorted(os.listdir()) == ["m"]


def test_model_without_weights_is_refused(
    tutelage: Command, made: Path, tables: Path, workplace: Path
) -> None:
    shutil.copytree(made / "knn", "m")
    (workplace / "m" / "weights.safetensors").unlink()
    assert_refused(tutelage("evaluate", "m", "--on", tables / "truth.csv"), "m", "fit it again")


def test_teacher_of_another_network_or_width_is_refused_and_keeps_the_old_model(
    tutelage: Command, made: Path, tables: Path, workplace: Path
) -> None:
    teacher = Teacher.load(made / "t.teacher")
    replace(teacher, card=teacher.card.model_copy(update={"network": "cnn"})).save("cnn.teacher")
    shutil.copytree(made / "dnn", "m")
    before = files_below(workplace)
    fit = ("fit", tables / "survey.csv", *DNN, "--out", "m", *ANY)
    assert_refused(tutelage(*fit, "--teachers", "cnn.teacher"), "network 'cnn'", "the student is 'dnn'")
    ended = tutelage(*fit, "--teachers", made / "t.teacher", "--set", "d_e=16")
    assert_refused(ended, "d_e = 8", "d_e = 16")
    assert files_below(workplace) == before


def test_model_is_no_teacher_and_teacher_is_no_model(
    tutelage: Command, made: Path, tables: Path, workplace: Path
) -> None:
    survey = tables / "survey.csv"
    ended = tutelage("evaluate", made / "t.teacher", "--on", survey)
    assert_refused(ended, "there is no model in", "it is a file, and a model is the folder")
    ended = tutelage("fit", survey, *DNN, "--teachers", made / "dnn", "--out", "m", *ANY)
    assert_refused(ended, "there is no teacher file")
    assert files_below(workplace) == {}


def test_pretrained_matcher_is_no_teacher_of_a_network(
    tutelage: Command, tables: Path, workplace: Path
) -> None:
    shipped_matcher().save(workplace / "s.matcher")
    how = *DNN, "--teachers", "s.matcher", "--out", "m", *ANY
    ended = tutelage("fit", tables / "survey.csv", *how)
    assert_refused(ended, "s.matcher is a pretrained matcher", "--pretrained FILE", "to matcher or blend")
    assert set(files_below(workplace)) == {"s.matcher"}


def test_checkpoint_of_another_run_is_refused_and_kept(
    tutelage: Command, tables: Path, workplace: Path
) -> None:
    (workplace / "m.checkpoint").mkdir()
    damaged = workplace / "m.checkpoint" / "student.checkpoint"
    damaged.write_bytes(b"not a checkpoint")
    ended = tutelage("fit", tables / "survey.csv", *DNN, "--out", "m", "--resume", *ANY)
    assert_refused(ended, "student.checkpoint is damaged", "without --resume")
    assert damaged.read_bytes() == b"not a checkpoint"
    assert not (workplace / "m").exists()
