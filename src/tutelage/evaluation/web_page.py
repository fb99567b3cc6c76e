"""The shell of every HTML page here: one file that opens without a network, in light and dark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

__all__ = ["map_page", "web_page"]


def web_page(title: str, body: str, figures: Any, script: str) -> str:
    """A whole page.

    Parameters
    ----------
    title : plain text
    body : HTML
    figures : what the script finds as `figures`; plain values
    script : JavaScript that draws them with Plotly, `theme()`, `options` and `darkMode` at hand
    """
    template = Template(files(__package__).joinpath("page_template.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        body=body,
        figures=_script_json(figures),
        plotly=get_plotlyjs(),
        script=script,
    )


def map_page(title: str, body: str, figures: Mapping[str, Any]) -> str:
    """A whole page of plots and a map, of which one floor is seen at a time.

    Parameters
    ----------
    title : plain text
    body : HTML, with an element for each figure, and a select element `floor` that lists the floors
    figures : each plot's data and layout; of `map`, the floors (data of each, as listed) and the layout
    """
    script = files(__package__).joinpath("map_page.js").read_text(encoding="utf-8")
    return web_page(title, body, figures, script)


def _script_json(value: Any) -> str:
    """JSON that cannot close the script element it stands in."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
