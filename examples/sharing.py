"""Share what was learnt and not the data, between the owner of a survey and someone with another building.

    python examples/sharing.py

The owner makes two files: a surrogate teacher, as in the paper, and a pretrained matcher. The other person
gets the files, never the survey, and learns a small survey of another building with them. Each method stands
beside its control, without which a gain means nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import tutelage as tt

SHORT = tt.RunOptions(budget=tt.Budget(epochs=20))  # leave both out for the lengths of the recipes
VERY_SHORT = tt.RunOptions(budget=tt.Budget(updates=150))


def teacher_files(folder: Path) -> tuple[Path, Path]:
    """Make the two files of the owner. Nothing else leaves the owner's house."""
    museum = tt.simulated_survey(seed=1, width_m=80.0, depth_m=25.0, n_train=400)
    museum = replace(museum, name="museum")
    surrogate = folder / "museum.teacher"
    matcher = folder / "museum.matcher"
    tt.teach(museum, "dnn", run=SHORT).save(surrogate)
    tt.pretrain([museum], settings={"exercises": 400}, run=VERY_SHORT).save(matcher)
    require_no_data(museum, surrogate, matcher)
    return surrogate, matcher


def require_no_data(survey: tt.Survey, *files: Path) -> None:
    """Raise an error if a file names an access point of the survey; see docs/about/decisions/0004."""
    for file in files:
        content = file.read_bytes()
        if names := [name for name in survey.train.access_points if name.encode() in content]:
            raise RuntimeError(f"{file} names {names}")
        print(f"{file.name}: {len(content) / 1e3:.0f} kB, no access point of the survey in it")


def main() -> None:
    """Teach, hand over, learn, and compare with the controls."""
    with tempfile.TemporaryDirectory() as folder:
        surrogate, matcher = map(str, teacher_files(Path(folder)))
        office = replace(tt.simulated_survey(seed=2, n_train=150, n_test=150), name="office")
        models = {
            "k-NN": tt.Localizer("knn"),
            "network, own data alone": tt.Localizer("dnn", run=SHORT),
            "network, taught": tt.Localizer("dnn", teachers=[surrogate], run=SHORT),
            "network, untrained teacher": tt.Localizer("dnn", teachers=["untrained"], run=SHORT),
            "matcher, pretrained": tt.Localizer("matcher", pretrained=matcher),
            "matcher, untrained": tt.Localizer("matcher", pretrained="untrained"),
        }
        for name, model in models.items():
            figures = tt.evaluate(model.fit(office), office).figures()
            print(f"{name}: mean error {figures['mae_m']:.2f} m")


if __name__ == "__main__":
    main()
