"""Run the main job from end to end on simulated buildings."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tutelage.data.surveys import export_table, simulated_survey
from tutelage.errors import BadInputError
from tutelage.evaluation import Evaluation, evaluate, write_report
from tutelage.localizer import Localizer
from tutelage.paper.expert_training import teach
from tutelage.training import Budget, RunOptions

__all__ = ["make_demo", "next_command", "require_demo_folder"]

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


def make_demo(
    out: Path,
    *,
    epochs: int = _EPOCHS,
    default_settings: Mapping[str, object] | None = None,
    progress: bool = True,
) -> list[Evaluation]:
    """Fit the default method, k-NN and the paper's framework on a simulated building, and evaluate them.

    Parameters
    ----------
    out : Path
        Folder for the survey, the teacher, the models and the report.
    epochs : int
        Epochs of each stage of the paper's framework.
    default_settings : mapping, optional
        Settings of the default method.
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
    quiet = RunOptions(progress=progress)
    run = replace(quiet, budget=Budget(epochs))
    teacher = teach(source, "dnn", run=run)
    teacher.save(out / "museum.teacher")
    models = {
        "default": Localizer(settings=default_settings, run=quiet),
        "knn": Localizer("knn", run=quiet),
        # The framework, between its two controls: no teacher, and one that learnt nothing.
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


def next_command(out: Path) -> str:
    """Return what to do after the demo, and the command for it.

    Parameters
    ----------
    out : Path
        Folder of the demo.

    Returns
    -------
    str
        The text; its last line is the command.
    """
    program = "tutelage"
    if not shutil.which(program):
        environment = Path(sys.prefix)
        if environment.is_relative_to(Path.cwd()):
            environment = environment.relative_to(Path.cwd())
        program = shlex.quote(str(environment / "bin" / "tutelage"))
    survey = out / "survey.csv"
    return "\n".join(
        [
            f"Open {out / 'report.html'} in a browser.",
            f"Then learn your own building: write your scans like {survey}, and name that file here.",
            f"  {program} fit {shlex.quote(str(survey))} --out my-model",
            "Or see the office live: three simulated people walk through it, on a map in your browser.",
            f"  {program} serve {shlex.quote(str(out / 'default'))} --simulate",
        ]
    )
