"""HTML pages from the package's Jinja templates: each page is one file that opens without a network."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutelage.files.atomic import atomic_file

if TYPE_CHECKING:  # imported with the first page: who asks for none does not wait for it
    from jinja2 import Environment

__all__ = ["render_page", "write_page"]


@cache
def _templates() -> Environment:
    """Every template of the package, by its path below `tutelage`; what they insert is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tutelage", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # NaN is no JSON: a browser would refuse the whole page.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment


def render_page(template: str, *, title: str, figures: Any, **content: Any) -> str:
    """Render a template that extends the base page `files/page_template.html`.

    The base page brings the content security policy, the style for light and dark, and Plotly. A template
    fills the blocks `body` and `script`; its script finds `figures`, `theme()`, `options` and `darkMode`.

    Parameters
    ----------
    template : str
        Path of the template below the package `tutelage`, such as "evaluation/report_template.html".
    title : str
        Title of the page, plain text.
    figures : Any
        What the script draws: values that JSON can hold, without NaN.
    **content : Any
        Whatever else the template inserts; texts are escaped.

    Returns
    -------
    str
        A whole HTML page.
    """
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    return (
        _templates()
        .get_template(template)
        .render(title=title, figures=figures, plotly=Markup(get_plotlyjs()), **content)
    )


def write_page(path: str | Path, template: str, *, title: str, figures: Any, **content: Any) -> None:
    """Render a template and write the page; the file appears whole or not at all.

    Parameters
    ----------
    path : str or Path
        HTML file to write.
    template, title, figures, **content
        As in `render_page`.

    Raises
    ------
    BadInputError, TutelageError
        If the file cannot be written.
    """
    page = render_page(template, title=title, figures=figures, **content)
    with atomic_file(path) as temporary_file:
        temporary_file.write_text(page, encoding="utf-8")
