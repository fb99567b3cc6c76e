"""Go from a survey table to an exported model: copy this file and name your own table.

    python examples/first_survey.py [survey.csv]

Without a table it writes one of a simulated building. It checks the survey, compares methods, and fits the
best one. It measures that one on scans that nothing else has seen; without a test split it holds reference
points out. Then it exports the model and locates a scan as a phone would, with numpy and onnxruntime alone.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import tutelage as tt
from tutelage.runtime import Runtime

METHODS = ["knn", "dnn"]  # the matcher and the blend take minutes
EPOCHS = 20
HELD_OUT = 0.15


def simulated_table(folder: Path) -> Path:
    """Write a survey: a row for each scan, a column for each access point, with dBm or nothing."""
    path = folder / "survey.csv"
    tt.export_survey(tt.simulated_survey(n_train=400, n_test=100), path)
    return path


def check_and_load(table: Path) -> tt.Survey:
    """Return the survey if it has no error. Warnings are only shown."""
    report = tt.check_survey(table)
    for finding in report.findings:
        print(f"{finding.severity}: {finding.message}. {finding.advice}")
    if report.n_errors:
        sys.exit(f"{report.n_errors} errors in {table}; mend them first")
    return tt.load(table)


def with_test_split(survey: tt.Survey) -> tt.Survey:
    """Return the survey with a test split: its own, or some of its reference points."""
    if survey.test is not None:
        return survey
    train_rows, test_rows = tt.split_by_position(survey.train, fraction=HELD_OUT)
    print(
        f"without a test split: {len(test_rows)} of {len(survey.train)} scans held out, by reference points"
    )
    return replace(survey, train=survey.train[train_rows], test=survey.train[test_rows])


def main() -> None:
    """Check, compare, fit, evaluate, export and locate."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(sys.argv[1]) if len(sys.argv) > 1 else simulated_table(Path(folder))
        survey = with_test_split(check_and_load(table))

        comparison = tt.compare(survey, tt.candidates(METHODS), run=tt.RunOptions(budget=tt.Budget(EPOCHS)))
        best = comparison.recommended
        print(f"take {best.words}")

        model = best.standing.candidate.localizer(tt.RunOptions(progress=True)).fit(survey)
        figures = tt.evaluate(model, survey).figures()  # the test split is opened only here
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
