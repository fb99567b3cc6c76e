"""The command line: thin verbs over the library.

Verbs import what needs PyTorch when they run, so that help, `data` and refusals come at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tutelage import datasets, presentation
from tutelage.errors import BadInputError, TutelageError
from tutelage.files import replaced_file, require_writable_parent
from tutelage.model_folder import require_model_path

app = typer.Typer(
    help="Indoor positioning from radio fingerprints, and knowledge transfer between buildings.",
    epilog="To begin: tutelage demo. Bad input ends with one message and exit code 2, Ctrl-C with 130.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Data sets: list, fetch, write as a table.", no_args_is_help=True)
teachers_app = typer.Typer(help="Teacher files: show what they say of themselves.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(teachers_app, name="teachers")

_SOURCE = "a data set's name, your .csv or .parquet table, matrix:FOLDER/PREFIX, or simulated"
_SET = "Change a setting of the network, the recipe or knn, such as learning_rate=1e-3; repeatable."
_GO_ON = "give the same command with --resume to go on from the last checkpoint"
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
PublicName = Annotated[str, typer.Argument(help="As data list shows it; uji_library:1-3 picks months.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of public data sets (else TUTELAGE_DATA).")]
NotHeard = Annotated[float | None, typer.Option(help="Code for 'not heard' in your own table, such as 100.")]
Epsg = Annotated[int | None, typer.Option(help="EPSG code of x_m and y_m in your own table.")]
Network = Annotated[str, typer.Option(help="A registered network, such as dnn; to fit also knn.")]
Recipe = Annotated[str, typer.Option(help="default, or paper: as published.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=_SET)]
Epochs = Annotated[int | None, typer.Option(help="Length of each stage in passes over the data.")]
Minutes = Annotated[float | None, typer.Option(help="Length of the run in minutes, about.")]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="Of every random number: the same seed, the same result.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, ...")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]


@data_app.command("list")
def data_list(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Public data sets: size, licence, and whether they are here."""
    presentation.show_datasets(datasets.dataset_table(data_dir), as_json)


@data_app.command("fetch")
def data_fetch(name: PublicName, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Download a data set (or find it here), verify it, and convert it once to a compact cache."""
    presentation.show_survey(datasets.fetch(name, data_dir, progress=not as_json), as_json)


@data_app.command("export")
def data_export(
    source: Annotated[str, typer.Argument(help=_SOURCE)],
    out: Annotated[Path, typer.Argument(help="Table to write: .csv or .parquet.")],
    split: Annotated[str, typer.Option(help="train, test or both.")] = "both",
    data_dir: DataDir = None,
) -> None:
    """Write a data set as a table in the form in which you would give your own."""
    datasets.export_table(datasets.load(source, data_dir=data_dir), out, split=split)


@app.command("teach")
def teach_command(
    source: Annotated[str, typer.Option(help=f"Source building: {_SOURCE}.")],
    out: Annotated[Path, typer.Option(help="Teacher file to write.")],
    network: Network = "dnn",
    recipe: Recipe = "default",
    settings: Settings = None,
    epochs: Epochs = None,
    minutes: Minutes = None,
    seed: Seed = 0,
    device: Device = "auto",
    resume: Resume = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Expert Training: make a surrogate teacher of a source building."""
    from tutelage.localizer import split_settings
    from tutelage.teaching import TeachingRecipe, teach
    from tutelage.training import Budget, RunOptions, clear_checkpoints

    _require_writable_file(out)
    given = _pairs(settings)
    of_network, of_recipe = split_settings(network, TeachingRecipe.model_fields, given)
    options = RunOptions(
        seed=seed,
        device=device,
        budget=Budget(epochs, minutes),
        checkpoint_dir=_beside(out, "checkpoint"),
        resume=resume,
        log=_beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    survey = datasets.load(source, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    with _stoppable(_GO_ON):
        teacher = teach(
            survey, network, recipe=recipe, settings=of_recipe, network_settings=of_network, options=options
        )
    teacher.save(out)
    clear_checkpoints(options.checkpoint_dir)
    presentation.show_teachers({str(out): teacher.card}, as_json)


@teachers_app.command("show")
def teachers_show(files: list[Path], as_json: Json = False) -> None:
    """What teacher files say of themselves: source, recipe, quality."""
    from tutelage.teaching import Teacher

    presentation.show_teachers({str(file): Teacher.load(file).card for file in files}, as_json)


@app.command("fit")
def fit_command(
    target: Annotated[str, typer.Option(help=f"Building to learn: {_SOURCE}.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    network: Network = "dnn",
    teacher: Annotated[
        list[str] | None, typer.Option(help="Teacher file, or none, or untrained (the control); repeatable.")
    ] = None,
    recipe: Recipe = "default",
    settings: Settings = None,
    epochs: Epochs = None,
    minutes: Minutes = None,
    seed: Seed = 0,
    device: Device = "auto",
    resume: Resume = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Learn a building: Expert Distilling with teachers, plain learning without, or k-NN."""
    from tutelage.localizer import Localizer
    from tutelage.training import Budget, clear_checkpoints

    require_model_path(out)
    Budget(epochs, minutes)  # a wrong length is refused before the data are read, for knn as well
    model = Localizer(
        network,
        teachers=teacher or (),
        recipe=recipe,
        settings=_pairs(settings),
        epochs=epochs,
        minutes=minutes,
        seed=seed,
        device=device,
        checkpoint_dir=_beside(out, "checkpoint"),
        resume=resume,
        log=_beside(out, "metrics.jsonl"),
        progress=not as_json,
    )
    survey = datasets.load(target, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    with _stoppable(_GO_ON):
        model.fit(survey)
    model.save(out)
    clear_checkpoints(_beside(out, "checkpoint"))
    presentation.show_fit(model, out, as_json)


@app.command("evaluate")
def evaluate_command(
    models: Annotated[list[Path], typer.Argument(help="Model folders, or .csv files that locate wrote.")],
    on: Annotated[str, typer.Option(help=f"Scans with positions: {_SOURCE}. Of two splits, the test split.")],
    report: Annotated[Path | None, typer.Option(help="HTML report to write.")] = None,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Errors of one or several models on scans whose positions are known."""
    from tutelage.evaluation import evaluate, write_report

    if report:
        _require_writable_file(report)
    answering = [(path, _answers(path)) for path in models]
    survey = datasets.load(on, data_dir=data_dir, not_heard=not_heard, epsg=epsg, for_training=False)
    found = [evaluate(answers, survey, name=str(path)) for path, answers in answering]
    if report:
        write_report(found, report, title=f"Positions on {survey.name}", data_set=survey.name)
    presentation.show_evaluations(found, survey.name, report, as_json)


@app.command("locate")
def locate_command(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    scans: Annotated[Path, typer.Argument(help="Table of scans: scan_id and one column an access point.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write, .csv or .json; else standard output.")
    ] = None,
    not_heard: NotHeard = None,
    as_json: Json = False,
) -> None:
    """Positions of scans, as CSV or JSON, in the coordinates of the training data."""
    from tutelage.localizer import Localizer

    allowed = (".json",) if as_json else (".csv", ".json")
    if out and out.suffix not in allowed:
        raise BadInputError(f"--out {out}: the name must end in {' or '.join(allowed)}")
    if out:
        _require_writable_file(out)
    answers = Localizer.load(model).predict(datasets.read_scans(scans, not_heard=not_heard))
    text = presentation.positions_text(answers, as_json or (out is not None and out.suffix == ".json"))
    if out is None:
        sys.stdout.write(text)
        return
    with replaced_file(out) as beside:
        beside.write_text(text, encoding="utf-8")


@app.command("reproduce")
def reproduce_command(
    table: Annotated[str, typer.Argument(help="spine: both phases, both ways; networks: each on its own.")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    budget: Annotated[str, typer.Option(help="standard or quick.")] = "standard",
    jobs: Annotated[int, typer.Option(min=1, help="Cells at a time, each in its own process.")] = 1,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a results table; finished cells are kept and never run again."""
    from tutelage.experiments.reproduce import reproduce

    with _stoppable("give the same command again: finished cells are kept"):
        page, rows = reproduce(table, out, budget=budget, jobs=jobs, data_dir=data_dir)
    typer.echo(json.dumps(rows) if as_json else page)


@app.command("demo")
def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("demo"),
    as_json: Json = False,
) -> None:
    """The main job on simulated buildings: survey, teacher, model, evaluation, report. Needs no data."""
    from tutelage.experiments.demo import make_demo, next_commands

    if not as_json:
        typer.echo("Two simulated buildings: a teacher learns the museum, then four models learn the office.")
    found = make_demo(out, progress=not as_json)
    presentation.show_evaluations(found, "the office, a simulated building", out / "report.html", as_json)
    if not as_json:
        typer.echo(next_commands(out))


def main() -> None:
    """Entry point: an error of the user's is one message and exit code 2, never a traceback."""
    try:
        app(prog_name="tutelage")
    except TutelageError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"the system refused: {error.strerror or error} ({error.filename or 'no file named'})")


def _fail(message: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(
        f"[bold red]error:[/] {presentation.plain(message)}"
    )
    sys.exit(2)


@contextmanager
def _stoppable(how_to_go_on: str) -> Iterator[None]:
    """Around long work: Ctrl-C ends it with the next step and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True, soft_wrap=True).print(f"stopped; {how_to_go_on}")
        raise typer.Exit(130) from None


def _require_writable_file(out: Path) -> None:
    if out.is_dir():
        raise BadInputError(f"{out} is a folder; name a file to write")
    require_writable_parent(out)


def _beside(out: Path, suffix: str) -> Path:
    return out.with_name(f"{out.name}.{suffix}")


def _pairs(settings: list[str] | None) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise BadInputError(f"--set {setting!r}: write NAME=VALUE, such as --set k=10")
        if name in pairs:
            raise BadInputError(f"--set {name} is given twice, as {pairs[name]} and as {value}; keep one")
        pairs[name] = value
    return pairs


def _answers(path: Path) -> Any:
    from tutelage.evaluation import positions_from_csv
    from tutelage.localizer import Localizer

    return positions_from_csv(path) if path.suffix == ".csv" else Localizer.load(path)
