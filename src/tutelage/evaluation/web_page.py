"""The shell of every HTML page here: one file that opens without a network, in light and dark."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

__all__ = ["web_page"]


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


def _script_json(value: Any) -> str:
    """JSON that cannot close the script element it stands in."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
