"""The access keys, without their secrets."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.serving.access_keys import Role, is_token, new_token, token_hash
from tutelage.serving.store.database import Database, insert_new, rows_of
from tutelage.serving.store.tables import access_keys

__all__ = ["AccessKey", "Keys"]


@dataclass(frozen=True)
class AccessKey:
    """A key that was made.

    Parameters
    ----------
    id : str
        Of this key alone.
    name : str
        Says who has it. Of the keys in force no two have the same.
    role : Role
        What its holder may do.
    hash : str
        SHA-256 of the secret.
    created_s : float
        When it was made, in seconds since 1970.
    revoked_s : float or None
        Since when it is refused.
    """

    id: str
    name: str
    role: Role
    hash: str
    created_s: float
    revoked_s: float | None = None

    def __post_init__(self) -> None:
        """Read the role, which a database knows as text."""
        object.__setattr__(self, "role", Role(self.role))


class Keys:
    """The access keys of a store.

    Parameters
    ----------
    database : Database
        The store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, name: str, role: Role) -> str:
        """Make a key.

        Parameters
        ----------
        name : str
            Who gets it.
        role : Role
            What its holder may do.

        Returns
        -------
        str
            The secret. It is nowhere kept: who loses it needs a new key.

        Raises
        ------
        BadInputError
            If the name is empty, or a key of this name is in force.
        """
        if not name.strip():
            raise BadInputError("the name of a key is empty: say who has it, such as 'phone of Ada'")
        token = new_token()
        key = AccessKey(uuid.uuid4().hex[:12], name, role, token_hash(token), time.time())
        try:
            with self._database.writing() as connection:
                insert_new(connection, access_keys, [key])
        except IntegrityError as error:
            raise BadInputError(
                f"a key named {name!r} is in force: choose another name, or revoke it first"
            ) from error
        return token

    def revoke(self, key: str) -> AccessKey:
        """Refuse a key from now on.

        Parameters
        ----------
        key : str
            Name or id of a key in force.

        Returns
        -------
        AccessKey
            The key.

        Raises
        ------
        UnknownNameError
            If no key in force has this name or id.
        """
        in_force = select(access_keys).where(access_keys.c.revoked_s.is_(None))
        with self._database.writing() as connection:
            keys = rows_of(connection, in_force, AccessKey)
            chosen = next((each for each in keys if key in (each.name, each.id)), None)
            if chosen is None:
                raise UnknownNameError("key", key, [each.name for each in keys])
            revoke = update(access_keys).where(access_keys.c.id == chosen.id)
            connection.execute(revoke.values(revoked_s=time.time()))
        return chosen

    def all(self) -> list[AccessKey]:
        """Return every key, revoked ones too, by the time it was made."""
        query = select(access_keys).order_by(access_keys.c.created_s, access_keys.c.id)
        with self._database.reading() as connection:
            return rows_of(connection, query, AccessKey)

    def find(self, token: str) -> AccessKey | None:
        """Return the key in force whose secret this is; None if there is none.

        The database looks for the hash. How long that takes says nothing of the secret, as nobody can choose
        secrets by their hash.
        """
        if not is_token(token):
            return None
        query = select(access_keys).where(
            access_keys.c.hash == token_hash(token), access_keys.c.revoked_s.is_(None)
        )
        with self._database.reading() as connection:
            return next(iter(rows_of(connection, query, AccessKey)), None)
