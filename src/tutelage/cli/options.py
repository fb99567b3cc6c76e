"""Options that several verbs share, as frozen objects, and how they are read and refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tutelage.cli.console import tell_plainly
from tutelage.errors import BadInputError, TrainingDivergedError, TutelageError

if TYPE_CHECKING:  # only named in signatures: help and the refusal of a wrong option wait for no library
    from tutelage.data.fingerprints import FingerprintSet, Survey
    from tutelage.localizer import Localizer
    from tutelage.runtime.scan_rows import ScanRows
    from tutelage.training import RunOptions

__all__ = [
    "AGAIN",
    "SURVEY",
    "TEACHING",
    "TRAINING",
    "DataDir",
    "Device",
    "FileReading",
    "Folds",
    "Json",
    "Learning",
    "Length",
    "Level",
    "LongRun",
    "ModelFolder",
    "Network",
    "Page",
    "Reading",
    "Recipe",
    "Seed",
    "Settings",
    "SourceToo",
    "SurveyName",
    "beside",
    "learning_alone",
    "pairs_of",
    "require_free_or_own",
    "require_writable_file",
    "require_writable_page",
    "stoppable",
    "verb",
]

SURVEY = (
    "your own file (a table, a spreadsheet, a log, JSON), a folder of logs or of comford's tables, "
    "matrix:FOLDER/PREFIX, a public set such as tampere, or simulated"
)
AGAIN = "nothing was written; give the same command again"
_GO_ON = "give the same command with --resume to go on from the last checkpoint"

# Panels of the help, the same for every verb.
READING = "Reading the data"
TEACHING = "Teachers and transfer"
TRAINING = "Training"

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
SurveyName = Annotated[str, typer.Argument(metavar="SURVEY", help=f"Survey to learn from: {SURVEY}.")]
ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="Folder that fit wrote.")]
Network = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Network: dnn, cnnloc, bayescnn, baat, one of your own, or NAME:FILE from tune."
    ),
]
Recipe = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=TRAINING,
        help="Training settings of a network: default, paper for our reading of the paper, or printed "
        "for its text.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change one setting, such as learning_rate=1e-3. Repeatable.",
    ),
]
Folds = Annotated[
    int,
    typer.Option(
        min=2, metavar="N", help="Divide reference points, or walks, into N parts. Each is tested in turn."
    ),
]
Level = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the true positions that the radii must contain. The default is 0.95. Give it for a "
        ".csv file without a level column: the level that its radii were made for.",
    ),
]
Page = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML report, such as a.html.")]
SourceToo = Annotated[
    bool,
    typer.Option(
        "--source-too",
        rich_help_panel=TEACHING,
        help="Allow a building in which a teacher or a pretrained matcher was trained.",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        rich_help_panel=READING,
        help="Folder of the public data sets. Default: the variable TUTELAGE_DATA.",
    ),
]
NotHeard = Annotated[
    str | None,
    typer.Option(
        metavar="CODES",
        rich_help_panel=READING,
        help="Numbers that mean 'not heard' in your file, such as 100, or 100,0, or '<=-100'.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="FIELD=COLUMN,...",
        rich_help_panel=READING,
        help="Which columns of your table hold what, such as x_m=X,y_m=Y,scan_id=row. The file "
        "survey.columns.toml beside survey.csv says the same.",
    ),
]
AccessPoints = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        rich_help_panel=READING,
        help="Columns to take as access points though they do not look like it, such as '*'.",
    ),
]
FileUnits = Annotated[
    str | None,
    typer.Option(
        "--units",
        metavar="KIND=UNIT,...",
        rich_help_panel=READING,
        help="Units of your file: rss=percent or rss=unsigned; place=mm, cm, feet, or metres in one unit "
        "(place=0.05); time=ms, us, ns, day-first or month-first.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=2**32 - 1,
        metavar="N",
        rich_help_panel=TRAINING,
        help="Random seed. On one machine, the same seed gives the same result.",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=TRAINING,
        help="Where to train, such as cpu or cuda. auto finds a GPU.",
    ),
]


@dataclass(frozen=True)
class FileReading:
    """How the user's own file is read."""

    not_heard: NotHeard = None
    columns: Columns = None
    access_points: AccessPoints = None
    units: FileUnits = None

    def file_options(self) -> dict[str, Any]:
        """Give the options that `load` and `read_scans` take, those that were given."""
        names = ("not_heard", "columns", "access_points", "units")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def read_scans(
        self, path: str | Path, known: Sequence[str] = (), *, with_positions: bool
    ) -> FingerprintSet:
        """Read scans of the user; columns with names that a model knows are access points."""
        from tutelage.data import surveys

        return surveys.read_scans(path, with_positions=with_positions, **self._scan_options(known))

    def read_scan_rows(self, path: str | Path, known: Sequence[str]) -> ScanRows:
        """Read the same for the runtime, without positions."""
        from tutelage.data.forms.read_options import ReadOptions
        from tutelage.data.forms.user_table import read_scan_rows

        return read_scan_rows(path, ReadOptions.of(**self._scan_options(known)))

    def _scan_options(self, known: Sequence[str]) -> dict[str, Any]:
        options = self.file_options()
        if known:
            options["access_points"] = [*(self.access_points or "").split(","), *known]
        return options

    def scan_batches(self, path: Path, known: Sequence[str]) -> tuple[int, Iterable[ScanRows]]:
        """Read scans to locate: one batch, or several of a large table; and how many batches there are."""
        from tutelage.data.forms.read_options import ReadOptions
        from tutelage.data.forms.scan_batches import scan_batches

        batches = scan_batches(path, ReadOptions.of(**self._scan_options(known)))
        if batches is None:
            return 1, [self.read_scan_rows(path, known)]
        return batches.n_batches, batches


@dataclass(frozen=True)
class Reading(FileReading):
    """How surveys and scans are read."""

    epsg: Annotated[
        int | None,
        typer.Option(
            metavar="CODE",
            rich_help_panel=READING,
            help="EPSG code of the coordinates in your file, such as 25830. Degrees are converted to it.",
        ),
    ] = None
    rooms: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=READING,
            help="Polygons of rooms, in GeoJSON or IMDF. Scans without a place get the room they lie in.",
        ),
    ] = None
    data_dir: DataDir = None

    def load(
        self, name: str, *, for_training: bool = True, several_places: bool = True, known: Sequence[str] = ()
    ) -> Survey:
        """Load one survey; columns with names that a model knows are access points."""
        from tutelage.data import surveys
        from tutelage.data.forms.all_forms import is_user_file

        options = self.load_options()
        if known and is_user_file(Path(name)):
            options["access_points"] = [*(self.access_points or "").split(","), *known]
        return surveys.load(
            name, for_training=for_training, several_places=several_places, data_dir=self.data_dir, **options
        )

    def load_options(self) -> dict[str, Any]:
        """Give the options of `load` that were given, but for the folder of the public sets."""
        given = {"epsg": self.epsg, "rooms": self.rooms}
        return self.file_options() | {name: value for name, value in given.items() if value is not None}

    def load_recent(self, name: str, *, for_training: bool) -> Survey:
        """Load one survey, or the user's scans without positions as a survey without them."""
        from tutelage.data.fingerprints import Survey
        from tutelage.data.forms.all_forms import is_user_file

        path = Path(name)
        if is_user_file(path):
            scans = self.read_scans(name, with_positions=True)
            if scans.position_m is None:
                return Survey(path.stem, scans)
        return self.load(name, for_training=for_training, several_places=False)

    def load_several(self, names: Sequence[str]) -> list[Survey]:
        """Load several surveys in one frame of reading."""
        from tutelage.data import surveys

        return surveys.load_several(names, data_dir=self.data_dir, **self.load_options())


@dataclass(frozen=True)
class Length:
    """Length, seed and device of what is trained."""

    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            rich_help_panel=TRAINING,
            help="Passes over the data in each stage. Default: as the recipe says.",
        ),
    ] = None
    minutes: Annotated[
        float | None,
        typer.Option(metavar="N", rich_help_panel=TRAINING, help="Train for about N minutes instead."),
    ] = None
    seed: Seed = 0
    device: Device = "auto"
    precision: Annotated[
        Literal["float32", "bfloat16"],
        typer.Option(rich_help_panel=TRAINING, help="bfloat16 is faster where the processor has it."),
    ] = "float32"

    def run(self, *, progress: bool) -> RunOptions:
        """Give the run; a wrong length, device or precision is refused."""
        from tutelage.precision import require_precision
        from tutelage.training import Budget, RunOptions, resolve_device

        budget = Budget(self.epochs, self.minutes)
        require_precision(resolve_device(self.device), self.precision)
        return RunOptions(
            seed=self.seed, device=self.device, budget=budget, progress=progress, precision=self.precision
        )


@dataclass(frozen=True)
class LongRun(Length):
    """The same for one long run, which can be stopped and resumed."""

    resume: Annotated[
        bool,
        typer.Option("--resume", rich_help_panel=TRAINING, help="Continue a run that was stopped."),
    ] = False


@dataclass(frozen=True)
class Learning:
    """What learns a building, and from whom."""

    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="blend, matcher, knn, dnn, cnnloc, bayescnn, baat, NAME:FILE from tune, or your own.",
        ),
    ] = "blend"
    pretrained: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Weights that matcher and blend start from: zoo (those of Tutelage), a file from pretrain, "
            "none, untrained (the control), or auto (the best on held-out points).",
        ),
    ] = "zoo"
    settings: Settings = None
    teachers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=TEACHING,
            help="Surrogate teachers of a network: a file from teach, zoo:NAME, all, none, untrained (the "
            "control), or auto (the best on held-out points). Repeatable.",
        ),
    ] = None
    transfer: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            rich_help_panel=TEACHING,
            help="Train on the surveys of --source first: sequential (one after another) or collective (in "
            "turn).",
        ),
    ] = "none"
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SURVEY",
            rich_help_panel=TEACHING,
            help="For --transfer: train on it first. Repeatable.",
        ),
    ] = None
    recipe: Recipe = "default"

    def localizer(self, sources: Sequence[Survey], run: RunOptions, *, calibrate: bool) -> Localizer:
        """Give a localizer ready to be fitted; names of methods and files are read here."""
        from tutelage.localizer import Localizer
        from tutelage.methods.method_registry import method_choice
        from tutelage.methods.teacher_names import read_pretrained, read_teachers

        return Localizer(
            method_choice(self.method),
            teachers=read_teachers(self.teachers or ()),
            pretrained=read_pretrained(self.pretrained),
            transfer=self.transfer,
            sources=sources,
            recipe=self.recipe,
            settings=pairs_of(self.settings),
            run=run,
            calibrate=calibrate,
        )

    def settings_in_a_hurry(self) -> list[str]:
        """Give the settings of --fast that the user does not set.

        Raises
        ------
        BadInputError
            If the method has none.
        """
        from tutelage.methods.method_registry import method_choice

        fast = method_choice(self.method).spec.fast
        if not fast:
            raise BadInputError(
                f"--fast is for matcher and blend, not for {self.method}; leave it out, or give a network "
                "--epochs N"
            )
        given = pairs_of(self.settings)
        return [f"{name}={value}" for name, value in fast.items() if name not in given]

    def check_transfer(self) -> None:
        """Refuse a transfer without sources, or with teachers, before any survey is read."""
        from tutelage.methods.fit_plan import checked_transfer_kind

        has_teachers = bool(self.teachers) and self.teachers != ["none"]
        checked_transfer_kind(self.transfer, self.source or (), has_teachers=has_teachers)

    def changed(self) -> list[str]:
        """List the options that are not at their defaults."""
        default = Learning()
        options = {"settings": "set"}
        return [
            f"--{options.get(name, name)}"
            for name, value in vars(self).items()
            if value and value != getattr(default, name)
        ]


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """Let a verb take groups of options as frozen objects: each field becomes an option of the command.

    Parameters
    ----------
    function : callable
        Its parameters are options and arguments, or dataclasses whose fields are.
    """
    parameters = inspect.signature(function, eval_str=True).parameters
    groups: dict[str, type[Any]] = {
        name: each.annotation
        for name, each in parameters.items()
        if isinstance(each.annotation, type) and is_dataclass(each.annotation)
    }
    flat = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, each in parameters.items()
        for option in (
            inspect.signature(groups[name], eval_str=True).parameters.values() if name in groups else [each]
        )
    ]

    @wraps(function)
    def run(**values: Any) -> None:
        grouped = {
            name: group(**{field: values.pop(field) for field in group.__dataclass_fields__})
            for name, group in groups.items()
        }
        function(**grouped, **values)

    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in flat}
    return run


@contextmanager
def stoppable(how_to_go_on: str) -> Iterator[None]:
    """Around long work: Ctrl-C ends it with the next step and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        tell_plainly(f"stopped; {how_to_go_on}")
        raise typer.Exit(130) from None


@contextmanager
def learning_alone(out: Path, *, resume: bool) -> Iterator[Path]:
    """Give the folder for the checkpoints of a training, and remove it once the result is saved as `out`.

    Raises
    ------
    BadInputError
        If another command is learning the same: each would go on from the other's checkpoints.
    """
    from tutelage.files.atomic import exclusive_lock
    from tutelage.training import clear_checkpoints

    folder = beside(out, "checkpoint")
    has_checkpoints = any(folder.rglob("*.checkpoint"))
    with exclusive_lock(
        out.with_name(f".{out.name}.lock"),
        f"another command is learning {out}; wait until it has ended, or give another --out",
    ):
        if has_checkpoints and not resume:
            tell_plainly(
                f"{folder} of an earlier run is replaced; with --resume this command would go on from it"
            )
        elif resume and not has_checkpoints:
            tell_plainly(f"there is no {folder} to go on from: this run begins at the start")
        try:
            with stoppable(_GO_ON):
                yield folder
        except TrainingDivergedError:
            clear_checkpoints(folder)  # nothing goes on from there
            raise
        clear_checkpoints(folder)


def require_writable_file(out: Path, read: Iterable[str | Path] = ()) -> None:
    """Refuse a file that cannot be written, before any work is done for it.

    Parameters
    ----------
    out : Path
    read : iterable of str or Path
        What the command reads, as it was named: a file, a folder, or the name of a data set.
    """
    from tutelage.files.atomic import require_writable_parent

    if out.is_dir():
        raise BadInputError(f"{out} is a folder; name a file to write")
    require_writable_parent(out)
    for source in map(str, read):
        if out.exists() and any(_is_within(out, file) for file in _files_behind(source)):
            raise BadInputError(f"{out} is read by this command and would be replaced; name another to write")


def require_writable_page(page: Path, read: Iterable[str | Path] = ()) -> None:
    """Refuse the same for an HTML page, whose name says what it is."""
    require_writable_file(page, read)
    if page.suffix.lower() not in (".html", ".htm"):
        raise BadInputError(f"{page}: a report is an HTML page; give a name that ends in .html")


def require_free_or_own(out: Path, read: Callable[[Path], object], kind: str) -> None:
    """Refuse to replace a file of the user's that is not of the kind that is written.

    Parameters
    ----------
    out : Path
    read : callable
        Reads a file of that kind, and raises if it is none.
    kind : str
    """
    if not out.exists():
        return
    try:
        read(out)
    except TutelageError as error:
        raise BadInputError(
            f"{out} exists and is no {kind}; name another with --out, nothing was overwritten"
        ) from error


def _files_behind(source: str) -> list[Path]:
    """Give the files behind the name of a data set, as far as they are the user's own."""
    kind, _, prefix = source.partition(":")
    return [*Path(prefix).parent.glob(f"{Path(prefix).name}_*")] if kind == "matrix" else [Path(source)]


def _is_within(out: Path, read: Path) -> bool:
    return read.exists() and (out.samefile(read) or read.resolve() in out.resolve().parents)


def beside(out: Path, suffix: str) -> Path:
    """Give OUT.SUFFIX in the folder of `out`."""
    return out.with_name(f"{out.name}.{suffix}")


def pairs_of(settings: list[str] | None) -> dict[str, Any]:
    """Read the settings of --set by name, values as they were typed."""
    pairs: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise BadInputError(f"--set {setting!r}: write NAME=VALUE, such as --set k=10")
        if name in pairs:
            raise BadInputError(f"--set {name} is given twice, as {pairs[name]} and as {value}; keep one")
        pairs[name] = value
    return pairs
