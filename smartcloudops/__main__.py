"""`python -m smartcloudops` is `sco`; asks for the version are answered before anything else is loaded."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress

# Objects that are made before garbage is looked for; 700 by default.
_GARBAGE = 20_000


def main() -> int:
    """Run sco on the process's arguments and return its exit status."""
    _mend_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from smartcloudops import __version__

        sys.stdout.write(f"sco {__version__}\n")
        return 0
    # What is imported stays: looking through it for garbage again and again is a twentieth of the start.
    gc.set_threshold(_GARBAGE)
    try:
        from smartcloudops.cli.main import run
    except KeyboardInterrupt:
        sys.stderr.write("sco: interrupted\n")
        return 130

    status = run(sys.argv[1:])
    # Everything ends with the process; looking for garbage among all that was imported takes up to .3 s.
    gc.freeze()
    _leave_threads(status)
    return status


def _leave_threads(status: int) -> None:
    """End now where threads are left that nobody waits for: C++ and Rust abort a process that goes from under them."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others and all(thread.daemon for thread in others):
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _mend_streams() -> None:
    """A closed stream takes and gives nothing; a character that a stream cannot show is written as its number."""
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115
        elif name != "stdin":
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
