"""Rewrite the generated blocks of the pages, or say which are stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.documented.page_blocks import stale_blocks, write_blocks
from benchmarks.documented.pages import PAGES


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documented", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit with 1 if a page is stale")
    is_check = parser.parse_args().check
    root = Path(__file__).parents[2]
    n_stale = 0
    for page, tables in PAGES.items():
        if is_check:
            stale = stale_blocks(root, page, tables)
            n_stale += len(stale)
            print(f"{page}: {'stale: ' + ', '.join(stale) if stale else 'current'}")
        else:
            print(f"{page}: {'written' if write_blocks(root, page, tables) else 'current'}")
    return 1 if n_stale else 0


if __name__ == "__main__":
    sys.exit(main())
