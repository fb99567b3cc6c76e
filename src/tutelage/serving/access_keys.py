"""Access keys: what a role may do, and the secret that a client shows."""

from __future__ import annotations

import hashlib
import re
import secrets
from enum import StrEnum

__all__ = ["Role", "is_token", "new_token", "token_hash"]

_PREFIX = "ttl_"
_N_BYTES = 32
_TOKEN = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}")


class Role(StrEnum):
    """What the holder of a key may do.

    - `READ`: see the map, the plans, the models and every device. For a screen on the wall.
    - `LOCATE`: send scans and get the position of each. For a phone or a scanner. It sees no other device and
      no map, so a lost phone gives nobody's position away.
    - `SURVEY`: record, review and approve surveys, and all that `READ` and `LOCATE` may. For who walks
      through the building.
    - `ADMIN`: everything, as to learn models, to let them answer, and to forget a device.

    Examples
    --------
    >>> Role.SURVEY.allows(Role.READ), Role.LOCATE.allows(Role.READ)
    (True, False)
    """

    READ = "read"
    LOCATE = "locate"
    SURVEY = "survey"
    ADMIN = "admin"

    def allows(self, role: Role) -> bool:
        """Return whether a key of this role may do what a key of `role` may.

        Parameters
        ----------
        role : Role
            The role that a request needs.
        """
        return role is self or self is Role.ADMIN or (self is Role.SURVEY and role is not Role.ADMIN)


def new_token() -> str:
    """Make the secret of a key: `ttl_`, by which scanners find leaked ones, and 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_N_BYTES)


def is_token(text: str) -> bool:
    """Return whether a text has the form of a secret."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal digits, which is all that is stored.

    A slow hash is for passwords, which can be guessed. 256 random bits cannot.
    """
    return hashlib.sha256(token.encode()).hexdigest()
