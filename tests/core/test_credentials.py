"""Secrets read from variables, files and programs, when they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smartcloudops.core import config
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.redact import redact


def secret(home: Path, text: str, environ: dict[str, str] | None = None, **more: Any) -> str | None:
    path = home / "c.toml"
    path.write_text(f"[prometheus]\n{text}\n")
    found = config.load(file=path, environ=environ or {}, cwd=home, home=home, **more)
    return found.secret("prometheus", "password")


def test_no_secret_is_none(home: Path) -> None:
    assert secret(home, 'username = "u"') is None


def test_from_a_variable_and_masked_from_then_on(home: Path) -> None:
    assert secret(home, 'password_env = "PW"', {"PW": "correct horse"}) == "correct horse"
    assert "correct" not in redact("the server said: no user with correct horse")


def test_from_a_file_beside_the_configuration(home: Path) -> None:
    (home / "pw").write_text("battery staple\n")
    assert secret(home, 'password_file = "pw"') == "battery staple"


def test_from_a_program_without_a_shell(home: Path) -> None:
    text = "password_cmd = ['/bin/echo', '$HOME; ls']"
    assert secret(home, text, {"PATH": "/bin:/usr/bin"}) == "$HOME; ls"


def test_the_higher_layer_wins_over_another_way_below(home: Path) -> None:
    environ = {"A": "from a", "B": "from b", "SCO_PROMETHEUS__PASSWORD_ENV": "B"}
    assert secret(home, 'password_file = "none"', environ) == "from b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('password_env = "NOT_SET"', "names a variable that is not set"),
        ('password_env = "EMPTY"', "is empty"),
        ('password_file = "none"', "cannot read"),
        ('password_file = "."', "cannot read"),
        ('password_cmd = ["/bin/sh", "-c", "echo locked >&2; exit 3"]', "ended with status 3: locked"),
        ('password_cmd = ["no-such-program-here"]', "no program"),
        ('password_env = "A"\npassword_file = "b"', "are both set"),
    ],
)
def test_a_secret_that_cannot_be_had_says_why(home: Path, text: str, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        secret(home, text, {"EMPTY": "", "PATH": "/bin:/usr/bin"})
    assert isinstance(caught.value, ConfigError) or "no program" in message
