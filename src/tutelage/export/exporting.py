"""Export of a fitted model to a folder or a zip file for the runtime."""

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
from tutelage.data.representation import FILLED
from tutelage.errors import BROUGHT_BY, BadInputError, TutelageError
from tutelage.export.exported_parts import model_card, model_files
from tutelage.export.quantising import quantise_network
from tutelage.export.verifying import VerificationScans, random_scans, verify_export
from tutelage.files.atomic import atomic_file, atomic_folder, require_writable_parent
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
    """Write a model for `tutelage.runtime`, after a comparison of both models' answers.

    Parameters
    ----------
    model : Localizer or path
        A fitted model, or its folder.
    out : path
        FILE.zip, or a new folder.
    scans : Survey, optional
        Survey whose training scans both models locate. By default, the scans are random.
    int8 : bool
        Store the network's weights in eight bits. The loss of accuracy is measured on the survey's test
        split.
    progress : bool
        Show each step on standard error, if that is a terminal.

    Returns
    -------
    dict
        The card of the exported model.

    Raises
    ------
    BadInputError
        If `out` exists and is no exported model. If the network cannot be expressed in ONNX, or the model has
        no network for int8.
    TutelageError
        If a package of the extra `export` is missing. If the answers of both models differ by more than 1e-4
        in standardised coordinates (a network) or 1e-3 m (other methods). Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=100, n_test=10)
    >>> model = tt.Localizer("knn", settings={"k": 3}, calibrate=False).fit(office)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tt.export_model(model, f"{folder}/office.zip")["kind"]
    'knn'
    """
    _require_packages()
    out = require_export_path(out)
    if isinstance(model, Localizer):
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "model")
            return export_model(Path(folder) / "model", out, scans=scans, int8=int8, progress=progress)
    with steps(progress=progress) as step:
        return _write(out, *_export(Path(model), scans, int8, step))


def _export(
    model: Path, scans: Survey | None, int8: bool, step: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Make card and files of an exported model; `step` announces each step."""
    step(f"reading {escape(str(model))}")
    folder_card, folder_arrays = read_model_folder(model)
    localizer = Localizer.load(model)
    spec = localizer.method_spec
    if spec.export is None:
        raise BadInputError(
            f"a model of {spec.name} cannot be exported; locate with it here (tutelage locate), or "
            "fit a method that can be exported, such as dnn"
        )
    parts = spec.export(localizer.method_)
    if int8 and parts.network is None:
        raise BadInputError(
            f"int8 makes a network smaller, and a model of {parts.kind} has none; leave it out"
        )
    if parts.network is not None and parts.network.representation.kind == FILLED:
        raise BadInputError(
            f"a network whose input is {FILLED} cannot be exported: a phone gives 0 where nothing is heard; "
            "fit it with representation=positive"
        )
    card = model_card(localizer, parts, folder_card)
    step("writing the model in another form")
    files = model_files(parts, card, folder_arrays)
    step("holding it against the library")
    queries = random_scans(localizer.method_.representation) if scans is None else _training_scans(scans)
    card["verified"] = verify_export(localizer, parts, card, files, queries)
    if int8:
        step("keeping weights in eight bits, and measuring what that costs")
        files, card["int8"] = quantise_network(card, files, scans)
    return card, files


def require_export_path(out: str | Path) -> Path:
    """Check that an exported model can be written to a path: it is free, or holds one and nothing else.

    Parameters
    ----------
    out : path

    Returns
    -------
    Path

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


def _training_scans(survey: Survey) -> VerificationScans:
    return VerificationScans(survey.train, f"training scans of {survey.name}")


def _write(out: Path, card: dict[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    card["files"] = {
        name: {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    card["size_bytes"] = sum(map(len, files.values()))
    card["sha256"] = card_digest(card)
    contents = {CARD: json.dumps(card, indent=1).encode(), **files}
    if _is_zip(out):
        with atomic_file(out) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                entry = zipfile.ZipInfo(name, _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
    else:
        with atomic_folder(out) as folder:
            for name, content in contents.items():
                (folder / name).write_bytes(content)
    return card
