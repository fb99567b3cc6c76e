"""The bytes of a file out of its container, and their text."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tutelage.errors import BadInputError

__all__ = ["Content", "decoded", "file_content", "is_packed", "lenient_text"]

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_LARGEST = 1 << 31  # a small archive may unpack to a disk full of zeros
_BYTE_ORDERS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Content:
    """Bytes of one file.

    Parameters
    ----------
    data : bytes
        Its bytes.
    name : str
        Its name, without that of the container.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name

    @property
    def is_workbook(self) -> bool:
        """Whether it is a spreadsheet (.xlsx, .ods, or the older .xls)."""
        return self.data.startswith(b"\xd0\xcf\x11\xe0") or (
            self.data.startswith(_ZIP) and _workbook_names(self.data)
        )


def file_content(path: Path) -> Content:
    """Read a file, out of a .gz, or out of a .zip that holds one file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Content
        Its bytes and its name.

    Raises
    ------
    BadInputError
        If it cannot be read, or its container is damaged or holds several files.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}; check the path", file=path) from error
    if data.startswith(_GZIP):
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                inner = packed.read(_LARGEST)
        except (OSError, EOFError, zlib.error) as error:
            raise BadInputError(f"not readable as gzip ({error}); pack it again", file=path) from error
        return Content(inner, path.stem if path.suffix.lower() == ".gz" else path.name)
    if data.startswith(_ZIP) and not _workbook_names(data):
        return _only_member(path, data)
    return Content(data, path.name)


def is_packed(data: bytes) -> bool:
    """Return whether a beginning is that of a .gz or a .zip.

    Parameters
    ----------
    data : bytes
        First bytes of a file.

    Returns
    -------
    bool
        True also for a spreadsheet, which is a .zip.
    """
    return data.startswith((_GZIP, _ZIP))


def lenient_text(data: bytes) -> str:
    """Return bytes as text, with a replacement mark for what is no character.

    Parameters
    ----------
    data : bytes
        The bytes, perhaps cut within a character.

    Returns
    -------
    str
        The text with plain line ends, without a byte-order mark.
    """
    text = data.decode(_encoding(data), errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(data: bytes) -> str:
    encoding = _BYTE_ORDERS.get(data[:2], "utf-8-sig")
    if encoding == "utf-8-sig" and len(data) > 3 and data[1:4:2] == b"\x00\x00" and data[0]:
        return "utf-16-le"
    return encoding


def _only_member(path: Path, data: bytes) -> Content:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                entry.filename
                for entry in archive.infolist()
                if not entry.is_dir()
                and not PurePosixPath(entry.filename).name.startswith((".", "__MACOSX"))
                and not entry.filename.startswith("__MACOSX/")
            ]
            if len(names) != 1:
                shown = ", ".join(names[:5]) or "none"
                raise BadInputError(
                    f"an archive must hold one table, this one holds {len(names)} ({shown}); unpack it",
                    file=path,
                )
            with archive.open(names[0]) as member:
                return Content(member.read(_LARGEST), PurePosixPath(names[0]).name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise BadInputError(f"not readable as zip ({error}); pack it again", file=path) from error


def _workbook_names(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        return False
    return "[Content_Types].xml" in names or "content.xml" in names


def decoded(data: bytes, path: Path) -> str:
    """Return bytes as text with plain line ends, from UTF-8 or UTF-16.

    Parameters
    ----------
    data : bytes
        The bytes.
    path : Path
        Their file, for the error.

    Returns
    -------
    str
        The text, without a byte-order mark.

    Raises
    ------
    BadInputError
        If they are neither.
    """
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        byte = data[error.start]
        raise BadInputError(
            f"byte 0x{byte:02x} is not UTF-8; save the table as CSV in UTF-8", file=path, row=row
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
