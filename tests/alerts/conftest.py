"""The same front door as the command-line tests."""

from cli.conftest import recording, sco, trained

__all__ = ["recording", "sco", "trained"]
