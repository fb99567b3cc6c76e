"""Measure what learning floors beside positions does to both, on held-out reference points.

    python -m benchmarks.labels

DNN, default recipe; a fifth of the reference points of the training split held out, the test split untouched.
"""

from __future__ import annotations

import torch

from tutelage import Localizer, RunOptions, evaluate, load, split_by_position

WEIGHTS = (0.0, 2.0)
SEEDS = (0, 1)


def main() -> None:
    """Print a Markdown table with a row for each run."""
    torch.set_num_threads(1)
    print("| training data of | weight_labels | seed | held-out error (m) | floor right |")
    print("|---|---|---|---|---|")
    for name in ("tampere", "ujiindoorloc"):
        train = load(name).train
        heard = train[train.n_heard > 0]
        for seed in SEEDS:
            train_rows, test_rows = split_by_position(heard, fraction=0.2, seed=seed)
            for weight in WEIGHTS:
                settings = {"weight_labels": weight}
                model = Localizer("dnn", settings=settings, run=RunOptions(seed=seed)).fit(heard[train_rows])
                figures = evaluate(model, heard[test_rows]).figures()
                hit = "-" if figures["floor_hit"] is None else f"{100 * figures['floor_hit']:.1f} %"
                print(f"| {name} | {weight:g} | {seed} | {figures['mae_m']:.2f} | {hit} |", flush=True)


if __name__ == "__main__":
    main()
