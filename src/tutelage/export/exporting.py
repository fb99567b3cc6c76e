"""One call: a fitted model to a folder or a zip file for the runtime."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.markup import escape

from tutelage.data.fingerprints import Survey
from tutelage.errors import BadInputError, TutelageError
from tutelage.export.exported_parts import card_of, files_of
from tutelage.export.quantising import quantised, require_network
from tutelage.export.verifying import Asked, drawn_scans, verified
from tutelage.extras import BROUGHT_BY
from tutelage.files.atomic import replaced_file, replaced_folder, require_writable_parent
from tutelage.files.model_folder import read_model_folder
from tutelage.localizer import Localizer
from tutelage.progress import steps
from tutelage.runtime import card_digest, is_exported
from tutelage.runtime.exported_file import CARD

__all__ = ["export_model", "require_export_path"]

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same model gives the same file


def export_model(
    model: Localizer | str | Path,
    out: str | Path,
    *,
    scans: Survey | None = None,
    int8: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Write a model for `tutelage.runtime`, once it has been held against the library.

    Parameters
    ----------
    model : fitted, or its folder
    out : FILE.zip, or a folder to make
    scans : the survey on which both are asked: its training scans; without it, scans drawn at random
    int8 : keep the network's weights in eight bits; what it costs is measured on the survey's test split
    progress : tell each step on standard error, where that is a terminal

    Returns
    -------
    The card that was written.

    Raises
    ------
    BadInputError
        If something that is no exported model is in the way, the network cannot be expressed in ONNX, or
        int8 is asked of a model without a network.
    TutelageError
        If a package of the extra `export` is missing. If the exported model does not answer as the library
        does: by more than 1e-4 standardised coordinates (a network), or 1e-3 m (the others). Nothing is
        written then.
    """
    _require_packages()
    out = require_export_path(out)
    if isinstance(model, Localizer):
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "model")
            return export_model(Path(folder) / "model", out, scans=scans, int8=int8, progress=progress)
    with steps(progress=progress) as step:
        return _write(out, *_exported(Path(model), scans, int8, step))


def _exported(
    model: Path, scans: Survey | None, int8: bool, step: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Card and files of an exported model; `step` is told what comes next."""
    step(f"reading {escape(str(model))}")
    saved_card, saved_arrays = read_model_folder(model)
    fitted = Localizer.load(model)
    card = card_of(fitted, saved_card)
    if int8:
        require_network(card["kind"])
    step("writing the model in another form")
    files = files_of(fitted, card, saved_arrays)
    step("holding it against the library")
    asked = drawn_scans(fitted.method_.representation) if scans is None else _training(scans)
    card["verified"] = verified(fitted, card, files, asked)
    if int8:
        step("keeping weights in eight bits, and measuring what that costs")
        files, card["int8"] = quantised(card, files, scans)
    return card, files


def require_export_path(out: str | Path) -> Path:
    """The path, once an exported model may be written there: it is free, or holds one and nothing else.

    Raises
    ------
    BadInputError
        If something else is in the way.
    """
    out = require_writable_parent(out)
    if out.exists() and not is_exported(out):
        raise BadInputError(
            f"{out} exists and is no exported model; choose another place, nothing was overwritten"
        )
    if out.exists() and out.is_dir() == _is_zip(out):
        raise BadInputError(f"{out} is {'a folder' if out.is_dir() else 'a file'}; choose another place")
    return out


def _is_zip(out: Path) -> bool:
    return out.suffix.lower() == ".zip"


def _require_packages() -> None:
    for name in BROUGHT_BY["export"]:
        if find_spec(name) is None:
            raise TutelageError(
                f'exporting needs {name}, which is not installed: pip install "tutelage[export]"'
            )


def _training(survey: Survey) -> Asked:
    return Asked(survey.train, f"training scans of {survey.name}")


def _write(out: Path, card: dict[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    card["files"] = {
        name: {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    card["size_bytes"] = sum(map(len, files.values()))
    card["sha256"] = card_digest(card)
    whole = {CARD: json.dumps(card, indent=1).encode(), **files}
    if _is_zip(out):
        with replaced_file(out) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in whole.items():
                entry = zipfile.ZipInfo(name, _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
    else:
        with replaced_folder(out) as folder:
            for name, content in whole.items():
                (folder / name).write_bytes(content)
    return card
