"""The command `tutelage`; the runtime alone comes without what it needs, and is told so.

Ctrl-C ends it with one line and exit code 130 from the first import on.
"""

from __future__ import annotations

import os
import sys

from tutelage.errors import missing_package_message

__all__ = ["main"]


def main() -> None:
    """Entry point: the command line, or one line that says what to install."""
    # Networks this small hand work to other threads and wait for it thousands of times a second. Waiting in a
    # loop keeps a core from whoever does the work: it took three times as long, beside other programs five.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when PyTorch is loaded
    try:
        from tutelage.cli import main as run

        run()
    except ModuleNotFoundError as error:
        message = missing_package_message("the command tutelage", error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
