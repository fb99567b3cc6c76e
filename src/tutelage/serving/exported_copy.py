"""The exported form of a model: the service runs that alone, without PyTorch."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tutelage.errors import BadInputError
from tutelage.files.atomic import cache_dir
from tutelage.runtime.exported_file import is_exported

__all__ = ["exported_copy"]

_CARD = "model.json"


def exported_copy(model: Path) -> Path:
    """Return an exported model; a folder that fit wrote is exported into the cache first.

    Parameters
    ----------
    model : Path
        What `tutelage fit` or `tutelage export` wrote.

    Returns
    -------
    Path
        `model` itself if it is exported, or its copy in the cache. A model that was exported before and has
        not changed since is not exported again.

    Raises
    ------
    BadInputError
        If there is no model, or it cannot be exported.
    """
    if is_exported(model):
        return model
    card = model / _CARD
    if model.exists() and not card.is_file():
        raise BadInputError(f"{model} is no model; give a folder that fit wrote, or a file that export wrote")
    if not card.is_file():
        raise BadInputError(
            f"there is no model {model}; give what fit or export wrote, or make one with: "
            f"tutelage fit survey.csv --out {model}"
        )
    digest = hashlib.sha256(card.read_bytes()).hexdigest()[:32]  # the card holds the checksum of the weights
    copy = cache_dir() / "served" / f"{digest}.zip"
    if not is_exported(copy):
        copy.parent.mkdir(parents=True, exist_ok=True)
        _export(model, copy)
    return copy


def _export(model: Path, copy: Path) -> None:
    command = [sys.executable, "-m", "tutelage", "export", str(model), "--out", str(copy), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        reason = ended.stderr.strip().rpartition("error: ")[2] or f"exit code {ended.returncode}"
        raise BadInputError(f"model {model} cannot be served: {reason}")
