"""The store of the service, opened."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy import text

from tutelage.serving.store.database import Database
from tutelage.serving.store.devices import Devices
from tutelage.serving.store.forgetting import Forgotten, forget
from tutelage.serving.store.keys import Keys
from tutelage.serving.store.location import store_url
from tutelage.serving.store.migrating import migrate
from tutelage.serving.store.models import Models
from tutelage.serving.store.plans import Plans
from tutelage.serving.store.rooms import Rooms
from tutelage.serving.store.surveys import Surveys
from tutelage.serving.store.tracks import Tracks

__all__ = ["Store"]


class Store:
    """What the service keeps, in a file of SQLite or a database of PostgreSQL.

    What a method has added or changed is on the disk when the method returns. Any thread may call any method.
    `Store.open` makes one.

    Parameters
    ----------
    database : Database
        Connections to a database whose tables are of this version.

    Attributes
    ----------
    devices : Devices
    tracks : Tracks
    surveys : Surveys
    models : Models
    plans : Plans
    rooms : Rooms
    keys : Keys

    Examples
    --------
    >>> import os, tempfile
    >>> from tutelage.serving.store import Store, TrackPoint
    >>> with Store.open(os.path.join(tempfile.mkdtemp(), "tutelage.db")) as store:
    ...     store.tracks.add([TrackPoint("phone", 10.0, x_m=1.0, y_m=2.0)])
    ...     [point.time_s for point in store.tracks.of("phone")]
    1
    [10.0]
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.devices = Devices(database)
        self.tracks = Tracks(database)
        self.surveys = Surveys(database)
        self.models = Models(database)
        self.plans = Plans(database)
        self.rooms = Rooms(database)
        self.keys = Keys(database)

    @classmethod
    def open(cls, url: str, *, make: bool = True) -> Store:
        """Open a store and bring its tables to this version.

        Parameters
        ----------
        url : str
            A file such as tutelage.db, sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE.
        make : bool, default True
            Whether to make a store if there is none.

        Returns
        -------
        Store
            To be closed, or used as a context manager.

        Raises
        ------
        BadInputError
            If the place is none for a store, there is no store and none is to be made, the driver is not
            installed, or the store is of a newer version.
        StoreUnavailableError
            If the database cannot be reached, read or written.
        """
        database = Database(store_url(url, make=make))
        try:
            migrate(database, make=make)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def name(self) -> str:
        """Where the store is, without a password: a file, or a URL."""
        return self._database.name

    @property
    def is_shared(self) -> bool:
        """Whether other machines may use the store: PostgreSQL, and no file."""
        return self._database.engine.dialect.name != "sqlite"

    def ping(self) -> None:
        """Require that the database answers.

        Raises
        ------
        StoreUnavailableError
            If it does not.
        """
        with self._database.reading() as connection:
            connection.execute(text("SELECT 1"))

    def forget(self, device: str) -> Forgotten:
        """Remove a device, its settings and its track, and its id from surveys.

        Parameters
        ----------
        device : str
            Id of the device.

        Returns
        -------
        Forgotten
            Counts of what was removed, and of the survey scans and sessions that stay without the id.

        Raises
        ------
        UnknownNameError
            If nothing is known of the device.
        """
        return forget(self._database, device)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Store:
        """Give the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the store."""
        self.close()
