"""The option by which verbs find the store of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # help does not wait for SQLAlchemy
    from tutelage.serving.store import Store

__all__ = ["StoreUrl", "open_store"]

StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Store of the service: a file, or postgresql://USER:PASSWORD@HOST/DATABASE. "
        "Default: TUTELAGE_STORE, else tutelage.db in your data folder.",
    ),
]


def open_store(url: str | None, *, make: bool) -> Store:
    """Open the store that the user named, or that of TUTELAGE_STORE, or the user's own.

    Parameters
    ----------
    url : str or None
        From the option.
    make : bool
        Whether to make a store if there is none.
    """
    from tutelage.serving.store import Store, default_store_url

    return Store.open(url or default_store_url(), make=make)
