"""`python -m smartcloudops` is `sco`; asks for the version are answered before anything else is loaded."""

from __future__ import annotations

import sys


def main() -> int:
    """Run sco on the process's arguments and return its exit status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from smartcloudops import __version__

        sys.stdout.write(f"sco {__version__}\n")
        return 0
    from smartcloudops.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
