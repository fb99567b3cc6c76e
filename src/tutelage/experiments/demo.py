"""The main job, end to end, on simulated buildings."""

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
from tutelage.paper.expert_training import Teacher, teach
from tutelage.training import Budget, RunOptions

__all__ = ["make_demo", "next_commands", "require_demo_folder"]

_EPOCHS = 80
_MARK = ".tutelage-demo"
"""A file by which the folder of an earlier demo is known."""


def require_demo_folder(out: Path) -> None:
    """Refuse a folder in which a demo would replace what is not its own.

    Raises
    ------
    BadInputError
        If `out` is a file, or a folder that holds something and is of no demo.
    """
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; choose another folder")
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise BadInputError(
            f"{out} is not empty and of no demo; choose another folder, nothing was overwritten"
        )


def make_demo(out: Path, *, epochs: int = _EPOCHS, progress: bool = True) -> list[Evaluation]:
    """Survey two simulated buildings, teach on one, learn the other, evaluate; everything lands in `out`.

    Parameters
    ----------
    out : folder for the survey, the teacher, the models and the report
    epochs : length of each stage
    progress : show progress bars

    Returns
    -------
    One evaluation a model, on the target's test split.

    Raises
    ------
    BadInputError
        As `require_demo_folder`.
    """
    require_demo_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()
    source = replace(simulated_survey(seed=1, width_m=80.0, depth_m=25.0), name="museum")
    target = replace(simulated_survey(seed=2), name="office")
    export_table(target, out / "survey.csv", split="train")
    export_table(target, out / "scans.csv", split="test")
    options = RunOptions(budget=Budget(epochs), progress=progress)
    teacher = teach(source, "dnn", options=options)
    teacher.save(out / "museum.teacher")
    models = {
        "knn": Localizer("knn", progress=progress),
        # As real buildings taught it: it learns nothing here.
        "matcher": Localizer("matcher", settings={"fine_tune": False}),
        "dnn": Localizer("dnn", epochs=epochs, progress=progress),
        "dnn-untrained": _taught("untrained", epochs, progress),
        "dnn-taught": _taught(teacher, epochs, progress),
    }
    found = []
    for name, model in models.items():
        model.fit(target).save(out / name)
        found.append(evaluate(model, target, name=name))
    write_report(found, out / "report.html", title="Tutelage demo", data_set="a simulated office building")
    return found


def next_commands(out: Path) -> str:
    """What to try after the demo."""
    here = shlex.quote(str(out))
    environment = Path(sys.prefix)
    if environment.is_relative_to(Path.cwd()):
        environment = environment.relative_to(Path.cwd())
    activate = f"  source {shlex.quote(str(environment))}/bin/activate"
    return "\n".join(
        [
            "Next, try:",
            *([] if shutil.which("tutelage") else [activate]),
            f"  tutelage locate {here}/dnn-taught {here}/scans.csv | head",
            f"  tutelage teachers show {here}/museum.teacher",
            f"  tutelage data check {here}/survey.csv",
            f"  tutelage fit --target {here}/survey.csv --network matcher --out {here}/my-model",
            f"  tutelage evaluate {here}/my-model {here}/dnn --on {here}/scans.csv --report {here}/mine.html",
            "  tutelage data list",
            f"and open {out}/report.html in a browser.",
        ]
    )


def _taught(teacher: Teacher | str, epochs: int, progress: bool) -> Localizer:
    return Localizer("dnn", teachers=[teacher], epochs=epochs, progress=progress)
