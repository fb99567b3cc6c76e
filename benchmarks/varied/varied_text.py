"""What a varied text holds, and what its owner says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tutelage.data.fingerprints import FingerprintSet

__all__ = ["UnchangedText", "VariedText", "Written"]


class Written(NamedTuple):
    """What stands in a file whose unit or code nobody says.

    Attributes
    ----------
    factor : float
        Length of a metre in the positions.
    code : float or None
        Reading of what is not heard.
    """

    factor: float = 1.0
    code: float | None = None


@dataclass(kw_only=True)
class VariedText:
    """A text that is changed, and what it then holds.

    Attributes
    ----------
    scans : FingerprintSet
        What the file held before any change.
    options : dict of str to str
        What its owner says.
    rows : list of int or None
        Scan of each row or record; None if one is a reading.
    has_ids : bool
        Whether the file names its scans.
    is_part : bool
        Whether some scans or readings may be gone.
    is_unsaid : bool
        Whether something changed that its owner does not say.
    written : Written or None
        What the file holds by its letters, where nobody says a unit or code.
    must_be_told : bool
        Whether that must be told of where there are enough scans to know better.
    strongest_dbm : float
        What stronger readings became; percent of signal quality end at -50 dBm.
    """

    scans: FingerprintSet
    options: dict[str, str]
    rows: list[int] | None = None
    has_ids: bool = False
    is_part: bool = False
    is_unsaid: bool = False
    written: Written | None = None
    must_be_told: bool = False
    strongest_dbm: float = 0.0

    @property
    def text(self) -> str:
        """The text as it is now."""
        raise NotImplementedError


@dataclass(kw_only=True)
class UnchangedText(VariedText):
    """A text as it was.

    Attributes
    ----------
    original : str
        The text.
    """

    original: str

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self.original
