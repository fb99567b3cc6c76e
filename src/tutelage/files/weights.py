"""Weights and what is said of them in one safetensors file: checksummed, reproducible, without pickle."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from tutelage.errors import FileFormatError

__all__ = ["content_hash", "read_weights", "weights_to_bytes"]

_CHECKSUM = "sha256"


def weights_to_bytes(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> bytes:
    """The content of a file; the same weights and header give the same bytes."""
    whole = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    checked = {**header, _CHECKSUM: content_hash(header, whole)}
    return _in_order(save_tensors(whole, metadata=checked))


def read_weights(content: bytes, *, name: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and weights of a file's content; `name` is what errors call it.

    Raises
    ------
    FileFormatError
        If they do not match their checksum.
    SafetensorError, KeyError, ValueError
        If the content is no such file.
    """
    tensors = load_tensors(content)
    length = int.from_bytes(content[:8], "little")
    header: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    if header.pop(_CHECKSUM) != content_hash(header, tensors):
        raise FileFormatError(f"{name} is damaged: it does not match its checksum")
    return header, tensors


def content_hash(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over header and weights."""
    digest = hashlib.sha256(json.dumps(dict(header), sort_keys=True).encode())
    for key in sorted(tensors):
        digest.update(key.encode() + tensors[key].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _in_order(content: bytes) -> bytes:
    """The same safetensors file with its metadata sorted: the library leaves their order to chance."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust(8 * math.ceil(len(text) / 8))  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + content[start:]
