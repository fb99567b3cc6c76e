"""The verbs that make, list and revoke the access keys of the service."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from tutelage.cli.console import plain, show, show_pairs, tell
from tutelage.cli.options import Json
from tutelage.cli.store_option import StoreUrl, open_store
from tutelage.serving.access_keys import Role

__all__ = ["keys_list_command", "keys_make_command", "keys_revoke_command"]


def keys_make_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who gets the key, such as hall-tablet.")],
    role: Annotated[
        Role,
        typer.Option(
            help="What the key allows: read (map and devices), locate (send scans, get their positions), "
            "survey (both, and record surveys) or admin (everything)."
        ),
    ],
    store: StoreUrl = None,
    as_json: Json = False,
) -> None:
    """Make an access key and print its secret, which is shown only now.

    Example: tutelage keys make hall-tablet --role read
    """
    with open_store(store, make=True) as opened:
        token = opened.keys.make(name, role)
    if as_json:
        print(json.dumps({"name": name, "role": role, "key": token}))
        return
    print(token)
    tell("[bold]note:[/] the store keeps only a hash of this key; write it down now")


def keys_list_command(store: StoreUrl = None, as_json: Json = False) -> None:
    """List the access keys, revoked ones too, without their secrets."""
    with open_store(store, make=False) as opened:
        keys = opened.keys.all()
    if as_json:
        shown = [{name: value for name, value in asdict(key).items() if name != "hash"} for key in keys]
        print(json.dumps(shown))
        return
    table = Table()
    for heading in ("name", "id", "role", "made", "revoked"):
        table.add_column(heading, overflow="fold")
    for key in keys:
        table.add_row(plain(key.name), key.id, key.role, _utc(key.created_s), _utc(key.revoked_s))
    show(table)


def keys_revoke_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the key, from keys list.")],
    store: StoreUrl = None,
    as_json: Json = False,
) -> None:
    """Revoke an access key: the service refuses it from now on."""
    with open_store(store, make=False) as opened:
        key = opened.keys.revoke(name)
    show_pairs({"revoked": key.name, "id": key.id, "role": key.role}, as_json)


def _utc(time_s: float | None) -> str:
    return "-" if time_s is None else f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M} UTC"
