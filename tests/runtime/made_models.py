"""Models for the tests of the runtime, with what the library answers.

    python tests/runtime/made_models.py FOLDER

This needs PyTorch. The tests that read the folder do not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["write_models"]

MATCHER = {"updates": 5, "exercises": 32, "batch_size": 32, "n_candidates": 12}
KINDS: dict[str, dict[str, Any]] = {
    "knn": {"method": "knn", "settings": {"k": 5, "metric": "sorensen", "representation": "exponential"}},
    "dnn": {"method": "dnn", "settings": {"width": 32, "d_e": 16, "batch_size": 64}},
    "blend": {
        "method": "blend",
        "pretrained": "none",
        "settings": {
            **{f"matcher.{name}": value for name, value in MATCHER.items()},
            "width": 32,
            "d_e": 16,
            "share": 0.4,
        },
    },
}


def write_models(folder: Path) -> None:
    """Write exported models `KIND.zip`, `scans.json`, and `answers.json` with the library's answers by kind.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """
    import tutelage as tt
    from tutelage.export.verifying import as_mappings

    survey = tt.simulated_survey(
        seed=4, n_train=200, n_test=60, n_access_points=24, n_floors=2, width_m=30, depth_m=20
    )
    assert survey.test is not None
    short = tt.RunOptions(device="cpu", budget=tt.Budget(2))
    scans = [*as_mappings(survey.test), {}, {"a bus": -70.0}]
    answers = {}
    for kind, options in KINDS.items():
        run = None if kind == "knn" else short
        model = tt.Localizer(**options, run=run).fit(survey)
        tt.export_model(model, folder / f"{kind}.zip", scans=survey)
        answers[kind] = model.predict(scans).records()
    (folder / "scans.json").write_text(json.dumps(scans), encoding="utf-8")
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    write_models(Path(sys.argv[1]))
