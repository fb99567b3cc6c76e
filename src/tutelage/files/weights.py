"""One safetensors file with weights and a header: checksummed, reproducible, without pickle."""

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
    """Return the content of a weights file; the same weights and header give the same bytes.

    Parameters
    ----------
    header : mapping of str to str
        Description of the weights.
    tensors : mapping of str to Tensor
        Weights by name.

    Returns
    -------
    bytes
        Content of the file.
    """
    whole = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    checked = {**header, _CHECKSUM: content_hash(header, whole)}
    return _in_order(save_tensors(whole, metadata=checked))


def read_weights(content: bytes, *, name: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Read header and weights from the content of a weights file.

    Parameters
    ----------
    content : bytes
        Content of the file.
    name : str
        Name of the file in error messages.

    Returns
    -------
    header : dict of str to str
        Description of the weights, without the checksum.
    tensors : dict of str to Tensor
        Weights by name.

    Raises
    ------
    FileFormatError
        If they do not match their checksum.
    SafetensorError, KeyError, ValueError
        If the content is not that of a weights file.
    """
    tensors = load_tensors(content)
    length = int.from_bytes(content[:8], "little")
    header: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    if header.pop(_CHECKSUM) != content_hash(header, tensors):
        raise FileFormatError(f"{name} is damaged: it does not match its checksum")
    return header, tensors


def content_hash(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """Compute SHA-256 over header and weights.

    Parameters
    ----------
    header : mapping of str to str
        Description of the weights.
    tensors : mapping of str to Tensor
        Weights by name.

    Returns
    -------
    str
        Hexadecimal digest.
    """
    digest = hashlib.sha256(json.dumps(dict(header), sort_keys=True).encode())
    for key in sorted(tensors):
        digest.update(key.encode() + tensors[key].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _in_order(content: bytes) -> bytes:
    """Return the same safetensors file with its metadata sorted, which the library leaves in random order."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust(8 * math.ceil(len(text) / 8))  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + content[start:]
