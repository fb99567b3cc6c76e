"""An exported model on disk: a card, a graph and arrays, in a folder or in one zip file."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tutelage.errors import BadInputError, FileFormatError

__all__ = ["CARD", "RUNTIME_FORMAT", "card_digest", "is_exported", "read_exported"]

RUNTIME_FORMAT = "tutelage-runtime-2"
"""Format of exported models; raise it when an older runtime could not read them or would answer otherwise."""
CARD = "model.json"
_UNREADABLE = (  # errors of json and zipfile for damaged content
    *(KeyError, TypeError, ValueError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def read_exported(path: str | Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read card and files of an exported model, and check each against its SHA-256.

    Parameters
    ----------
    path : str or Path
        Folder or zip file that `tutelage export` wrote.

    Returns
    -------
    card : dict
        What describes the model.
    files : dict of str to bytes
        Content of the other files by name.

    Raises
    ------
    BadInputError
        If there is none.
    FileFormatError
        If it is damaged, cut short, of another version, or a model folder that was not exported.
    """
    path = Path(path)
    if not path.exists():
        raise BadInputError(
            f"there is no exported model {path}; make one with: tutelage export MODEL --out {path}"
        )
    try:
        card: dict[str, Any] = json.loads(_read(path, CARD))
        if card["format"] != RUNTIME_FORMAT:
            raise FileFormatError(
                f"{path} has format {card['format']!r}, this runtime reads {RUNTIME_FORMAT!r}; "
                "make one with: tutelage export MODEL"
            )
        files = {name: _read(path, name) for name in card["files"]}
        damaged = [CARD] if card["sha256"] != card_digest(card) else []
        damaged += [n for n, content in files.items() if _digest(content) != card["files"][n]["sha256"]]
    except _UNREADABLE as error:
        raise FileFormatError(
            f"exported model {path} is damaged or incomplete: {error}; export it again"
        ) from error
    if damaged:
        raise FileFormatError(
            f"exported model {path} is damaged: {damaged[0]} does not match its checksum; export it again"
        )
    return card, files


def is_exported(path: Path) -> bool:
    """Return whether a path holds an exported model and nothing else.

    Parameters
    ----------
    path : Path
        Folder or zip file.

    Returns
    -------
    bool
        False also where nothing is there.
    """
    try:
        card = json.loads(_read(path, CARD))
        names = {entry.name for entry in path.iterdir()} if path.is_dir() else set(_names(path))
        return card["format"] == RUNTIME_FORMAT and names == {CARD, *card["files"]}
    except _UNREADABLE:
        return False


def card_digest(card: Mapping[str, Any]) -> str:
    """Compute SHA-256 of a card without its own digest.

    Parameters
    ----------
    card : mapping
        What describes the model.

    Returns
    -------
    str
        Hexadecimal digest.
    """
    rest = {key: value for key, value in card.items() if key != "sha256"}
    return _digest(json.dumps(rest, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path, name: str) -> bytes:
    if path.is_dir():
        return (path / name).read_bytes()
    with zipfile.ZipFile(path) as whole:
        return whole.read(name)


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as whole:
        return whole.namelist()
