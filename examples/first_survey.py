"""From a walk through a building to a model that is shipped: copy this file, name your own table.

    python examples/first_survey.py [survey.csv]

Without a table it writes one of a simulated building. It looks the survey over, asks which method suits it,
fits that one, measures it on scans that nothing else has seen (of a table without a test split, on reference
points that it holds out), exports it, and locates a scan as a phone would: with numpy and onnxruntime alone.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import tutelage as tt
from tutelage.runtime import Runtime

METHODS = ["knn", "dnn"]  # leave it out for matcher and blend as well, which take minutes
EPOCHS = 20
HELD_OUT = 0.15


def simulated_table(folder: Path) -> Path:
    """A survey as one would write it: a row a scan, a column an access point, dBm or nothing."""
    path = folder / "survey.csv"
    tt.export_survey(tt.simulated_survey(n_train=400, n_test=100), path)
    return path


def looked_over(table: Path) -> tt.Survey:
    """The survey, once it is known to have no error; warnings are shown and lived with."""
    found = tt.check_survey(table)
    for finding in found.findings:
        print(f"{finding.severity}: {finding.message}. {finding.advice}")
    if found.n_errors:
        sys.exit(f"{found.n_errors} errors in {table}; mend them first")
    return tt.load(table)


def with_test(survey: tt.Survey) -> tt.Survey:
    """The survey with a test split: its own, or some of its reference points."""
    if survey.test is not None:
        return survey
    rest, held = tt.split_by_position(survey.train, fraction=HELD_OUT)
    print(f"without a test split: {len(held)} of {len(survey.train)} scans held out, by reference points")
    return replace(survey, train=survey.train[rest], test=survey.train[held])


def main() -> None:
    """Check, compare, fit, evaluate, export, locate."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(sys.argv[1]) if len(sys.argv) > 1 else simulated_table(Path(folder))
        survey = with_test(looked_over(table))

        compared = tt.compare(survey, tt.candidates(METHODS), epochs=EPOCHS)
        best = compared.recommended
        print(f"take {best.words}")

        model = best.standing.candidate.localizer(progress=True).fit(survey)
        figures = tt.evaluate(model, survey).figures()  # of the test split, opened here and not before
        print(f"mean error {figures['mae_m']:.2f} m; {figures['coverage']:.0%} of the radii hold the truth")

        exported = Path(folder) / "model.zip"
        card = tt.export_model(model, exported, scans=survey)
        print(f"exported: {card['size_bytes'] / 1e6:.2f} MB")

        phone = Runtime.load(exported)
        scan = dict.fromkeys(phone.access_points[:3], -60.0)
        (answer,) = phone.locate([scan])
        print(f"a scan of three access points: {answer['reason'] or (answer['x_m'], answer['y_m'])}")


if __name__ == "__main__":
    main()
