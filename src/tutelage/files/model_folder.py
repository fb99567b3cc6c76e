"""A model on disk: one self-contained folder with a card and the weights, without pickle."""

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
from tutelage.files.atomic import atomic_folder, require_writable_parent

__all__ = ["read_model_folder", "require_model_path", "write_model_folder"]

_FORMAT = "tutelage-model-2"
_EXPORTED = "tutelage-runtime-"  # begins the format of what `tutelage export` writes
_CARD = "model.json"
_WEIGHTS = "weights.safetensors"
_UNREADABLE = (  # errors of json and zipfile for anything but an exported model
    *(AttributeError, KeyError, TypeError, ValueError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def require_model_path(path: str | Path) -> Path:
    """Require that a model may be written to a path: the path is free, or holds a model and nothing else.

    Parameters
    ----------
    path : str or Path
        Folder of the model.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    BadInputError
        If something else of the user's is there, or the name ends in .zip.
    """
    path = require_writable_parent(path)
    if path.suffix.lower() == ".zip":
        raise BadInputError(
            f"{path}: a model is a folder, and the name that of a file; choose another, and write one file "
            f"for tutelage.runtime from it with: tutelage export {path.with_suffix('')} --out {path}"
        )
    if not path.exists():
        return path
    entries = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if _CARD not in entries:
        raise BadInputError(f"{path} exists and is no model; choose another place, nothing was overwritten")
    if others := sorted(entries - {_CARD, _WEIGHTS}):
        raise BadInputError(
            f"{path} holds a model and also {', '.join(others[:3])}; move that away, or choose another place"
        )
    return path


def write_model_folder(path: str | Path, card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
    """Write card and weights of a model.

    The folder appears whole, and replaces an older model whole.

    Parameters
    ----------
    path : str or Path
        Folder of the model.
    card : mapping
        What describes the model, as JSON values.
    tensors : mapping of str to numpy.ndarray
        Weights by name.

    Raises
    ------
    BadInputError
        If something that is not a model is there.
    TutelageError
        If the system cannot write; the old content is unchanged.
    """
    path = require_model_path(path)
    weights = save_arrays({key: np.ascontiguousarray(value) for key, value in tensors.items()})
    whole = {"format": _FORMAT, "version": version("tutelage"), **card}
    whole["sha256"] = _digest(whole, weights)
    with atomic_folder(path) as folder:
        (folder / _WEIGHTS).write_bytes(weights)
        (folder / _CARD).write_text(json.dumps(whole, indent=1), encoding="utf-8")


def read_model_folder(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read card and weights of a model and check them against their checksum.

    Parameters
    ----------
    path : str or Path
        Folder of the model.

    Returns
    -------
    card : dict
        What describes the model.
    tensors : dict of str to numpy.ndarray
        Weights by name.

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
            raise FileFormatError(
                f"{path} has format {card['format']!r}, this version reads {_FORMAT!r}; fit the model again, "
                "or use the version that wrote it"
            )
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
        return  # the reader reports any other fault
    if is_exported:
        raise FileFormatError(
            f"{path} is an exported model ({card['format']}), which tutelage.runtime reads; give the model "
            "folder that it was exported from"
        )


def _digest(card: Mapping[str, Any], weights: bytes) -> str:
    return hashlib.sha256(json.dumps(card).encode() + weights).hexdigest()
