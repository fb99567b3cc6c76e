"""Run the main job from end to end on simulated buildings."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from tutelage.data.surveys import export_table, simulated_survey
from tutelage.errors import BadInputError
from tutelage.evaluation import Evaluation, evaluate, write_report
from tutelage.localizer import Localizer
from tutelage.paper.expert_training import teach
from tutelage.training import Budget, RunOptions

__all__ = ["make_demo", "next_commands", "require_demo_folder"]

_EPOCHS = 80
_MARK = ".tutelage-demo"
"""A file that marks the folder of an earlier demo."""


def require_demo_folder(out: Path) -> None:
    """Refuse a folder in which a demo would replace the user's own files.

    Parameters
    ----------
    out : Path
        The folder.

    Raises
    ------
    BadInputError
        If `out` is a file, or a folder with files that no demo wrote.
    """
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; choose another folder")
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise BadInputError(
            f"{out} is not empty and of no demo; choose another folder, nothing was overwritten"
        )


def make_demo(out: Path, *, epochs: int = _EPOCHS, progress: bool = True) -> list[Evaluation]:
    """Survey two simulated buildings, teach on one, learn the other, and evaluate.

    Parameters
    ----------
    out : Path
        Folder for the survey, the teacher, the models and the report.
    epochs : int
        Epochs of each stage.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    list of Evaluation
        An evaluation of each model on the target's test split.

    Raises
    ------
    BadInputError
        If `out` is a file, or a folder with files that no demo wrote.
    """
    require_demo_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()
    source = replace(simulated_survey(seed=1, width_m=80.0, depth_m=25.0), name="museum")
    target = replace(simulated_survey(seed=2), name="office")
    export_table(target, out / "survey.csv", split="train")
    export_table(target, out / "scans.csv", split="test")
    run = RunOptions(budget=Budget(epochs), progress=progress)
    teacher = teach(source, "dnn", run=run)
    teacher.save(out / "museum.teacher")
    models = {
        "knn": Localizer("knn", run=RunOptions(progress=progress)),
        # This one is as pretrained on real buildings; it learns nothing here.
        "matcher": Localizer("matcher", settings={"fine_tune": False}),
        "dnn": Localizer("dnn", run=run),
        "dnn-untrained": Localizer("dnn", teachers=["untrained"], run=run),
        "dnn-taught": Localizer("dnn", teachers=[teacher], run=run),
    }
    evaluations = []
    for name, model in models.items():
        model.fit(target).save(out / name)
        evaluations.append(evaluate(model, target, name=name))
    write_report(
        evaluations, out / "report.html", title="Tutelage demo", data_set="a simulated office building"
    )
    return evaluations


def next_commands(out: Path) -> str:
    """Return the commands to try after the demo.

    Parameters
    ----------
    out : Path
        Folder of the demo.

    Returns
    -------
    str
        The text, one command a line.
    """
    folder = shlex.quote(str(out))
    environment = Path(sys.prefix)
    if environment.is_relative_to(Path.cwd()):
        environment = environment.relative_to(Path.cwd())
    activate = f"  source {shlex.quote(str(environment))}/bin/activate"
    return "\n".join(
        [
            "Next, try:",
            *([] if shutil.which("tutelage") else [activate]),
            f"  tutelage locate {folder}/dnn-taught {folder}/scans.csv | head",
            f"  tutelage zoo show {folder}/museum.teacher",
            f"  tutelage data check {folder}/survey.csv",
            f"  tutelage fit {folder}/survey.csv --out {folder}/my-model",
            f"  tutelage evaluate {folder}/my-model {folder}/dnn --on {folder}/scans.csv "
            f"--report {folder}/mine.html",
            "  tutelage data list",
            f"and open {out}/report.html in a browser.",
        ]
    )
