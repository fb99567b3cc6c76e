"""Sharing what was learnt, not the data: an owner of a survey, and someone else with another building.

    python examples/sharing.py

The owner makes two teacher files: a surrogate teacher, as in the paper, and a pretrained matcher. The other one
gets the files, never the survey, and learns a small survey of another building with them: each beside its
control, without which a gain means nothing.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import tutelage as tt
from tutelage.methods.matcher import MatcherRecipe

EPOCHS = 20
LENGTH = tt.Budget(updates=150)  # of the pretrained matcher; leave it out for the recipe's own


def teacher_files(folder: Path) -> tuple[Path, Path]:
    """What the owner does, and all that leaves the owner's house."""
    museum = tt.simulated_survey(seed=1, width_m=80.0, depth_m=25.0, n_train=400)
    museum = replace(museum, name="museum")
    surrogate, matcher = folder / "museum.teacher", folder / "museum.matcher"
    tt.teach(museum, "dnn", options=tt.RunOptions(budget=tt.Budget(EPOCHS))).save(surrogate)
    tt.pretrain([museum], MatcherRecipe(exercises=400), tt.RunOptions(budget=LENGTH)).save(matcher)
    require_no_data(museum, surrogate, matcher)
    return surrogate, matcher


def require_no_data(survey: tt.Survey, *files: Path) -> None:
    """No access point of the survey is named in a file. What else is in one: docs/decisions/0004."""
    for file in files:
        content = file.read_bytes()
        if names := [name for name in survey.train.access_points if name.encode() in content]:
            raise RuntimeError(f"{file} names {names}")
        print(f"{file.name}: {len(content) / 1e3:.0f} kB, no access point of the survey in it")


def main() -> None:
    """Teach, hand over, learn, compare with the controls."""
    with tempfile.TemporaryDirectory() as folder:
        surrogate, matcher = map(str, teacher_files(Path(folder)))
        office = replace(tt.simulated_survey(seed=2, n_train=150, n_test=150), name="office")
        ways = {
            "k-NN": tt.Localizer("knn"),
            "network, own data alone": tt.Localizer("dnn", epochs=EPOCHS),
            "network, taught": tt.Localizer("dnn", teachers=[surrogate], epochs=EPOCHS),
            "network, untrained teacher": tt.Localizer("dnn", teachers=["untrained"], epochs=EPOCHS),
            "matcher, taught": tt.Localizer("matcher", teachers=[matcher]),
            "matcher, untrained": tt.Localizer("matcher", teachers=["untrained"]),
        }
        for name, model in ways.items():
            figures = tt.evaluate(model.fit(office), office).figures()
            print(f"{name}: mean error {figures['mae_m']:.2f} m")


if __name__ == "__main__":
    main()
