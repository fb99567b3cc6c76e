"""Equations as MathML: a browser shows it without a script, so that the site asks no other host for one."""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

_EQUATION = re.compile(r'<(span|div) class="arithmatex">(?:\\\(|\\\[)(.*?)(?:\\\)|\\\])</\1>', re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:
    """Return the page with MathML in the place of LaTeX.

    Parameters
    ----------
    content : str
        HTML of the page, with equations as pymdownx.arithmatex marks them.

    Returns
    -------
    str
        The same with `<math>` elements.
    """
    return _EQUATION.sub(_mathml, content)


def _mathml(match: re.Match[str]) -> str:
    display = "inline" if match[1] == "span" else "block"
    return str(convert(html.unescape(match[2]).strip(), display=display))
