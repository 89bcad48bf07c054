"""Statuses, the registry, and the guards that every test stands on."""

from __future__ import annotations

import os
import socket

import pytest

from smartcloudops.core.errors import MEANING, ScoError, Status, UsageError, worst
from smartcloudops.core.registry import Registry


def test_the_weightier_status_wins() -> None:
    assert worst() is Status.DONE
    assert worst(Status.PARTIAL, Status.UNREACHABLE, Status.FOUND) is Status.UNREACHABLE
    assert worst(*Status) is Status.INTERRUPTED
    assert set(MEANING) == set(Status)


def test_every_error_has_a_status_and_shows_its_message() -> None:
    def below(kind: type[ScoError]) -> list[type[ScoError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in below(sub))]

    for kind in below(ScoError):
        assert isinstance(kind.status, Status)
        assert str(kind("what happened", hint="next")) == "what happened"


def test_a_registry_names_the_nearest() -> None:
    codecs = Registry[object]("codec", {"json": "json:loads"})
    with pytest.raises(UsageError, match="no codec named 'jsno'") as caught:
        codecs.load("jsno")
    assert caught.value.hint == "did you mean `json`?"


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "8.8.8.8", "::ffff:192.0.2.1"])
def test_the_network_is_this_machine_only(host: str) -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.create_connection((host, 80), timeout=1)


def test_no_setting_of_the_machine_reaches_a_test() -> None:
    names = [name for name in os.environ if name.startswith(("SCO_", "OPENAI_", "GEMINI_"))]
    assert names == []
