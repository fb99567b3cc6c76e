"""docs/about/dependencies.md's table: what Tutelage depends on, what for, and under which licence.

    python -m benchmarks.dependencies            # rewrite the block of the page
    python -m benchmarks.dependencies --check    # exit code 1 if it is stale

Names and extras come from pyproject.toml, licences from the metadata of the installed packages.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

from benchmarks.documented.page_blocks import block_lines, table_lines, with_block
from tutelage.files.atomic import atomic_file

__all__ = ["Requirement", "licence", "requirement_table", "requirements"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/about/dependencies.md"
BLOCK = "benchmarks.dependencies"
USES: Mapping[str, str] = {
    "numpy": "arrays, and all arithmetic of the runtime",
    "lazy-loader": "imports a name when it is first used",
    "onnxruntime": "runs exported networks",
    "numba": "compiles the loops of search and description",
    "scipy": "sparse matrices, statistics, curve fits",
    "scikit-learn": "interface of estimators, error scale, area under the curve",
    "torch": "networks and their training",
    "safetensors": "files of weights, without pickle",
    "pyarrow": "reads and writes CSV and Parquet tables",
    "pooch": "downloads and verifies the public data sets",
    "pydantic": "checks settings and cards",
    "typer": "the command line",
    "rich": "tables and progress bars on a terminal",
    "plotly": "plots in HTML reports",
    "Jinja2": "templates of HTML reports",
    "optuna": "the search of `tutelage tune`",
    "filelock": "keeps two commands from writing to one place",
    "threadpoolctl": "limits threads of parallel experiments",
    "joblib": "local processes of experiments",
    "pyproj": "converts degrees to metres and back",
    "python-calamine": "reads spreadsheets",
    "shapely": "finds the rooms in which scans were taken",
    "onnx": "checks and quantises exported networks",
    "onnxscript": "PyTorch needs it to write ONNX",
    "fastapi": "HTTP endpoints of the service and their description",
    "uvicorn": "the web server of the service",
    "httptools": "reads HTTP requests",
    "websockets": "WebSocket connections of the service",
    "SQLAlchemy": "the store of the service, on SQLite and PostgreSQL",
    "alembic": "brings a store of an older version up to date",
    "prometheus_client": "metrics of the service",
    "aiomqtt": "messages of smart homes, over MQTT",
    "psycopg": "connects to PostgreSQL",
    "ray": "runs experiments on a cluster",
    "mkdocs-material": "builds the documentation site",
    "mkdocstrings": "writes the reference of the library from docstrings",
    "latex2mathml": "renders equations on the site",
    "pytest": "runs the tests",
    "pytest-xdist": "runs the tests in several processes",
    "pytest-cov": "measures coverage",
    "hypothesis": "generates inputs for tests",
    "httpx2": "sends requests in tests of the service",
    "playwright": "drives a browser in tests of pages",
    "schemathesis": "tries the service with inputs made from its description",
    "sybil": "runs the code blocks of the pages",
    "ruff": "checks and formats code",
    "mypy": "checks types",
    "import-linter": "checks that imports run one way",
    "pre-commit": "runs the checks at each commit",
    "build": "builds wheel and source archive",
}
"""What each dependency is for."""


class Requirement(NamedTuple):
    """One dependency.

    Attributes
    ----------
    name : str
        Name of the distribution.
    extra : str
        The extra that asks for it, or "" for one that is always installed.
    lower_bound : str
        The lowest version that is allowed.
    """

    name: str
    extra: str
    lower_bound: str


def requirements(project: Mapping[str, object] | None = None) -> Iterator[Requirement]:
    """Yield all dependencies of pyproject.toml in its order, without the package's own extras.

    Parameters
    ----------
    project : mapping, optional
        The table `project`; None reads pyproject.toml.

    Yields
    ------
    Requirement

    Raises
    ------
    ValueError
        If a dependency is neither NAME>=VERSION nor NAME>=VERSION,<MAJOR, with or without extras of its own.
    """
    project = project or tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {"": project["dependencies"], **project["optional-dependencies"]}  # type: ignore[dict-item]
    for extra, lines in extras.items():
        for line in lines:
            if line.startswith("tutelage["):
                continue
            match = re.fullmatch(r"(?P<name>[\w.-]+)(\[[\w,]+\])?>=(?P<version>[\d.]+)(,<\d+)?", line)
            if match is None:
                raise ValueError(f"pyproject.toml: {line!r} is not written as NAME>=VERSION")
            yield Requirement(match["name"], extra, match["version"])


def licence(name: str) -> str:
    """Return the licence of an installed package, as its metadata tells it.

    Parameters
    ----------
    name : str
        Name of the distribution.

    Returns
    -------
    str
        The licence expression; else the name among the classifiers; else the first line of the free text.

    Raises
    ------
    PackageNotFoundError
        If it is not installed.
    """
    fields = metadata(name)
    for expression in fields.get_all("License-Expression", []):
        return str(expression)
    for classifier in fields.get_all("Classifier", []):
        if classifier.startswith("License :: "):
            return str(classifier).rpartition(" :: ")[2]
    return str(fields.get_all("License", ["not stated"])[0]).strip().partition("\n")[0]


def requirement_table() -> list[str]:
    """Return a row a dependency: its extra, what it is for, and its licence."""
    return table_lines(
        ["package", "extra", "what for", "licence"],
        [
            [one.name, f"`{one.extra}`" if one.extra else "always", USES[one.name], licence(one.name)]
            for one in requirements()
        ],
    )


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dependencies", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit with 1 if it is stale")
    is_check = parser.parse_args().check
    try:
        lines = requirement_table()
    except PackageNotFoundError as error:
        print(f'{error.name} is not installed; run: pip install --editable ".[dev]"', file=sys.stderr)
        return 2
    page = PAGE.read_text(encoding="utf-8")
    if block_lines(page)[BLOCK] == lines:
        print(f"{PAGE.relative_to(ROOT)}: current")
        return 0
    if is_check:
        print(f"{PAGE.relative_to(ROOT)}: stale")
        return 1
    with atomic_file(PAGE) as beside:
        beside.write_text(with_block(page, BLOCK, lines), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
