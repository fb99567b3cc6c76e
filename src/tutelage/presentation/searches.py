"""What a search for settings found."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tutelage.presentation.console import show_pairs

if TYPE_CHECKING:  # only named in signatures
    from tutelage.networks import NetworkFile

__all__ = ["show_tuned"]


def show_tuned(
    file: NetworkFile, out: Path, learnt_from: tuple[str, Sequence[str]], report: Path | None, as_json: bool
) -> None:
    """What a search found, what it gained, and the next command.

    Parameters
    ----------
    learnt_from : the target and the teachers, as they were named
    """
    found = file.found
    if found is None:
        raise ValueError("this file is from no search")
    if as_json:
        print(json.dumps({"file": str(out), **file.model_dump(mode="json")}))
        return
    default = found.default_held_out_mae_m
    figures = {
        "network": file.network,
        "settings": file.settings,
        "recipe": file.recipe,
        "held-out error, best": f"{found.held_out_mae_m:.2f} m",
        "held-out error, default": "failed" if default is None else f"{default:.2f} m",
        "trials": f"{found.n_finished} finished, {found.n_pruned} stopped early, {found.n_failed} failed",
        "file": str(out),
        **({"report": str(report)} if report else {}),
    }
    show_pairs(figures, as_json)
    target, teachers = learnt_from
    given = [*(("--teacher", teacher) for teacher in teachers)]
    given += [("--recipe", found.recipe_name)] if found.recipe_name != "default" else []
    words = ["tutelage", "fit", "--target", target, "--network", f"{file.network}:{out}", *chain(*given)]
    print(f"next: {shlex.join([*words, '--out', 'MODEL'])}")
