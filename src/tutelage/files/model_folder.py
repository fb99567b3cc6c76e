"""A model on disk: one self-contained folder, a card and the weights, without pickle."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from tutelage.errors import BadInputError, FileFormatError
from tutelage.files.atomic import replaced_folder, require_writable_parent

__all__ = ["read_model_folder", "require_model_path", "write_model_folder"]

_FORMAT = "tutelage-model-1"
_EXPORTED = "tutelage-runtime-"  # begins the format of what `tutelage export` writes
_CARD, _WEIGHTS = "model.json", "weights.safetensors"
_UNREADABLE = (  # what json and zipfile say of what is no exported model
    *(AttributeError, KeyError, TypeError, ValueError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def require_model_path(path: str | Path) -> Path:
    """The path, once a model may be written there: it is free, or holds a model and nothing else.

    Raises
    ------
    BadInputError
        If something of the user's is in the way, or the name is that of a zip file.
    """
    path = require_writable_parent(path)
    if path.suffix.lower() == ".zip":
        raise BadInputError(
            f"{path}: a model is a folder, and the name that of a file; choose another, and write one file "
            f"for tutelage.runtime from it with: tutelage export {path.with_suffix('')} --out {path}"
        )
    if not path.exists():
        return path
    held = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if _CARD not in held:
        raise BadInputError(f"{path} exists and is no model; choose another place, nothing was overwritten")
    if foreign := sorted(held - {_CARD, _WEIGHTS}):
        raise BadInputError(
            f"{path} holds a model and also {', '.join(foreign[:3])}; move that away, or choose another place"
        )
    return path


def write_model_folder(path: str | Path, card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
    """Write card and weights; the folder appears whole, and an older model there is replaced whole.

    Raises
    ------
    BadInputError
        If something that is no model is in the way.
    TutelageError
        If the system cannot write; what was there is unchanged.
    """
    path = require_model_path(path)
    weights = save_arrays({key: np.ascontiguousarray(value) for key, value in tensors.items()})
    whole = {"format": _FORMAT, "version": version("tutelage"), **card}
    whole["sha256"] = _digest(whole, weights)
    with replaced_folder(path) as folder:
        (folder / _WEIGHTS).write_bytes(weights)
        (folder / _CARD).write_text(json.dumps(whole, indent=1), encoding="utf-8")


def read_model_folder(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Card and weights, checked against their checksum.

    Raises
    ------
    BadInputError
        If there is no model.
    FileFormatError
        If a file is damaged, cut short or of another version, or the model was exported.
    """
    path = Path(path)
    _refuse_exported(path)
    if not (path / _CARD).is_file():
        if path.is_file():
            raise BadInputError(
                f"there is no model in {path}: it is a file, and a model is the folder that tutelage fit "
                "wrote; name that folder"
            )
        raise BadInputError(
            f"there is no model in {path} (no {_CARD}); make one with: tutelage fit --out {path}"
        )
    try:
        card = json.loads((path / _CARD).read_text(encoding="utf-8"))
        if card["format"] != _FORMAT:
            raise FileFormatError(f"{path} has format {card['format']!r}, this version reads {_FORMAT!r}")
        weights = (path / _WEIGHTS).read_bytes()
        if card.pop("sha256") != _digest(card, weights):
            raise FileFormatError(f"model {path} is damaged: it does not match its checksum; fit it again")
        return card, load_arrays(weights)
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise FileFormatError(f"model {path} is damaged or incomplete: {error}; fit it again") from error


def _refuse_exported(path: Path) -> None:
    try:
        if path.is_dir():
            card = json.loads((path / _CARD).read_text(encoding="utf-8"))
        else:
            with zipfile.ZipFile(path) as whole:
                card = json.loads(whole.read(_CARD))
        is_exported = card["format"].startswith(_EXPORTED)
    except _UNREADABLE:
        return  # what else may be wrong with it is told by those who read it
    if is_exported:
        raise FileFormatError(
            f"{path} is an exported model ({card['format']}), which tutelage.runtime reads; give the model "
            "folder that it was exported from"
        )


def _digest(card: Mapping[str, Any], weights: bytes) -> str:
    return hashlib.sha256(json.dumps(card).encode() + weights).hexdigest()
