"""Golden runs: every method on a simulated building, and the DNN with teachers on Tampere in both recipes.

    python -m benchmarks.golden write runs.npz
    python -m benchmarks.golden compare before.npz after.npz

Short runs with fixed seeds on one thread of the CPU. A change of structure must not change a weight or a
position. `compare` says what differs and by how much, and ends with exit code 1 if anything differs by more
than 1e-6.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tutelage as tt

__all__ = ["main"]

_TINY = {"width": 64, "d_e": 32}
_SMALL_MATCHER = {"updates": 40, "fine_tune_updates": 40, "exercises": 256}


def _runs(data_dir: Path) -> dict[str, Callable[[], tt.Localizer]]:
    office = tt.simulated_survey(seed=2)
    tampere = tt.load("tampere", data_dir=data_dir)
    source = tt.load("dsi1", data_dir=data_dir)

    def fitted(survey: tt.Survey, method: str, *, epochs: int | None = None, **more: Any) -> tt.Localizer:
        run = tt.RunOptions(device="cpu", budget=tt.Budget(epochs))
        return tt.Localizer(method, run=run, **more).fit(survey)

    def taught(recipe: str) -> tt.Localizer:
        run = tt.RunOptions(budget=tt.Budget(2), device="cpu")
        teacher = tt.teach(source, "dnn", recipe=recipe, run=run)
        teachers = [teacher, "untrained"]
        return fitted(tampere, "dnn", teachers=teachers, recipe=recipe, epochs=4, calibrate=False)

    def transferred(kind: str) -> tt.Localizer:
        return fitted(
            tampere, "dnn", transfer=kind, sources=[source], epochs=2, settings=_TINY, calibrate=False
        )

    def updated() -> tt.Localizer:
        model = fitted(office, "dnn", epochs=3, settings=_TINY)
        assert office.test is not None
        return tt.update(model, office.test, run=tt.RunOptions(budget=tt.Budget(2), device="cpu"))

    in_blend = {f"matcher.{name}": value for name, value in _SMALL_MATCHER.items()}
    as_pretrained = {"fine_tune": False}
    from_nothing = {name: _SMALL_MATCHER[name] for name in ("updates", "exercises")}
    return {
        "knn": lambda: fitted(office, "knn"),
        "matcher": lambda: fitted(office, "matcher", settings=_SMALL_MATCHER),
        "matcher as pretrained": lambda: fitted(office, "matcher", settings=as_pretrained),
        "matcher from nothing": lambda: fitted(office, "matcher", pretrained="none", settings=from_nothing),
        "blend": lambda: fitted(office, "blend", settings={**in_blend, **_TINY}, epochs=5),
        "dnn": lambda: fitted(office, "dnn", epochs=10),
        "cnnloc": lambda: fitted(office, "cnnloc", epochs=3),
        "bayescnn": lambda: fitted(office, "bayescnn", epochs=1, calibrate=False),
        "baat": lambda: fitted(office, "baat", epochs=2, calibrate=False),
        "dnn, teachers, default recipe": lambda: taught("default"),
        "dnn, teachers, paper recipe": lambda: taught("paper"),
        "dnn, sequential transfer": lambda: transferred("sequential"),
        "dnn, collective transfer": lambda: transferred("collective"),
        "dnn, updated": updated,
    }


def _write(path: Path, data_dir: Path) -> None:
    """Write the weights of each run, its positions on the test split, and its radii."""
    torch.set_num_threads(1)
    arrays: dict[str, np.ndarray] = {}
    for name, run in _runs(data_dir).items():
        print(name, flush=True)
        model = run()
        survey = tt.load("tampere", data_dir=data_dir) if "dnn, t" in name or "transfer" in name else None
        scans = (survey or tt.simulated_survey(seed=2)).test
        answers = model.predict(scans)
        arrays |= {f"{name}/weights/{key}": value for key, value in model.method_.tensors().items()}
        arrays[f"{name}/position_m"] = answers.position_m
        if answers.radius_m is not None:
            arrays[f"{name}/radius_m"] = answers.radius_m
    np.savez_compressed(path, allow_pickle=False, **arrays)


def _compare(before: Path, after: Path) -> int:
    with np.load(before) as one, np.load(after) as other:
        earlier = {_name(key): one[key] for key in one.files}
        later = {_name(key): other[key] for key in other.files}
    missing = sorted(earlier.keys() ^ later.keys())
    worst = {
        key: float(np.max(np.abs(np.nan_to_num(earlier[key]) - np.nan_to_num(later[key])), initial=0.0))
        for key in earlier.keys() & later.keys()
    }
    runs = sorted({key.partition("/")[0] for key in worst})
    for run in runs:
        print(f"{run}: {max(value for key, value in worst.items() if key.startswith(f'{run}/')):.1e}")
    for key in missing:
        print(f"only in one of them: {key}")
    return int(bool(missing) or max(worst.values()) > 1e-6)


def _name(key: str) -> str:
    """Return the present name of a weight."""
    return key.replace("scorer.", "matcher.").replace("student.", "network.")


def main() -> None:
    """Write or compare golden runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["write", "compare"])
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "write":
        _write(arguments.files[0], Path(os.environ["TUTELAGE_DATA"]))
    else:
        sys.exit(_compare(*arguments.files))


if __name__ == "__main__":
    main()
