"""The command `tutelage`; the runtime alone comes without what it needs, and is told so."""

from __future__ import annotations

import sys

from tutelage.extras import missing

__all__ = ["main"]


def main() -> None:
    """Entry point: the command line, or one line that says what to install."""
    try:
        from tutelage.cli import main as run

        run()
    except ModuleNotFoundError as error:
        message = missing("the command tutelage", error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
