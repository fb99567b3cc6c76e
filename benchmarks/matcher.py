"""Measure what the matcher costs beside k-NN: learning UJIIndoorLoc's radio map, and one position.

    python -m benchmarks.matcher

Read the ratios, not the seconds; one thread.
"""

from __future__ import annotations

import time

import torch

from benchmarks.sparse import median_seconds
from tutelage.data.surveys import load
from tutelage.localizer import Localizer
from tutelage.training import RunOptions

SCANS = 200


def main() -> None:
    """Fit each model, then locate scans one by one and all at once."""
    torch.set_num_threads(1)
    survey = load("ujiindoorloc")
    assert survey.test is not None
    scans = survey.test
    one_by_one = [scans[i : i + 1] for i in range(SCANS)]
    run = RunOptions(device="cpu")
    models = {
        "k-NN, settings given": Localizer(
            "knn", settings={"metric": "sorensen", "representation": "powed", "k": 10}
        ),
        "matcher, pretrained": Localizer("matcher", settings={"fine_tune": False}, run=run),
        "matcher, fine-tuned on the map as well": Localizer("matcher", run=run),
    }
    print("| UJIIndoorLoc | fit, s | a scan alone, ms | / k-NN | of all at once, ms | / k-NN |")
    print("|---|---|---|---|---|---|")
    first: tuple[float, float] | None = None
    for name, model in models.items():
        began = time.perf_counter()
        model.fit(survey)
        fit_seconds = time.perf_counter() - began
        locate = model.method_.locate
        alone = median_seconds(lambda: [locate(scan) for scan in one_by_one], 3) / SCANS  # noqa: B023
        together = median_seconds(lambda: locate(scans), 3) / len(scans)  # noqa: B023
        first = first or (alone, together)
        ratios = (alone / first[0], together / first[1])
        print(
            f"| {name} | {fit_seconds:.1f} | {1e3 * alone:.2f} | {ratios[0]:.1f} "
            f"| {1e3 * together:.2f} | {ratios[1]:.1f} |"
        )


if __name__ == "__main__":
    main()
