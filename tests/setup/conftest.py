"""The front door, and a server that can be ill."""

from cli.conftest import sco
from doctor.conftest import server

__all__ = ["sco", "server"]
