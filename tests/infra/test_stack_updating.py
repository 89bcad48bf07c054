"""A server's `sco` follows the wheel that the stack names; programs stand for aws, Python and its pip."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from smartcloudops.infra.stack import packaged

_AWS = """#!/bin/sh
root={root}
case "$1" in
  ssm) cat "$root/wanted" ;;
  s3) for last; do :; done; echo wheel >"$last/$(basename "$(cat "$root/wanted")")" ;;
esac
"""
# `python -m venv DIR` makes a pip that is broken on demand, and a sco that writes down what it was asked.
_PYTHON = """#!/bin/sh
root={root}
mkdir -p "$3/bin"
printf '#!/bin/sh\\ntest ! -e %s/pip-broken\\n' "$root" >"$3/bin/pip"
cat >"$3/bin/sco" <<END
#!/bin/sh
echo "\\$@" >>$root/asked
test ! -e $root/sco-broken || test "\\$1" = --version
END
chmod +x "$3/bin/pip" "$3/bin/sco"
"""


class Server:
    """A server, and what the stack names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "bin").mkdir()
        for name, text in (("aws", _AWS), ("python", _PYTHON)):
            path = root / "bin" / name
            path.write_text(text.format(root=root))
            path.chmod(0o755)
        (root / "settings.env").write_text(
            "WHEEL_PARAMETER=/sco/wheel\nMODELS_BUCKET=models\nAWS_REGION=eu-central-1\n"
        )

    def update(self, wanted: str) -> int:
        (self.root / "wanted").write_text(f"{wanted}\n")
        environ = {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "PYTHON": "python",
            "SETTINGS": str(self.root / "settings.env"),
            "CONFIG": "/etc/sco/sco.toml",
            "SCO_HOME": str(self.root / "opt"),
            "SCO_LOCK": str(self.root / "lock"),
            "UNITS": str(self.root / "units"),
        }
        argv = ["bash", str(packaged() / "hosts" / "update_sco.sh")]
        return subprocess.run(argv, env=environ, capture_output=True, timeout=60, check=False).returncode

    @property
    def current(self) -> str:
        return (self.root / "opt" / "current").resolve().name

    def versions(self) -> list[str]:
        return sorted(path.name for path in (self.root / "opt").iterdir() if path.is_dir() and not path.is_symlink())

    def asked(self) -> list[str]:
        path = self.root / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path)


_INIT = "--config /etc/sco/sco.toml init -y --systemd --install --system --force"


def test_a_wheel_is_installed_and_its_timers_started_once(server):
    assert server.update("wheels/a.whl") == 0
    assert server.asked() == ["--version", _INIT]
    assert (
        (server.root / "units" / "sco-detect.service.d" / "region.conf")
        .read_text()
        .endswith("AWS_REGION=eu-central-1\n")
    )
    assert server.update("wheels/a.whl") == 0
    assert server.asked() == ["--version", _INIT]


def test_no_wheel_is_no_failure(server):
    assert server.update("none") == 0
    assert not (server.root / "opt").exists()


def test_another_wheel_takes_its_place(server):
    server.update("wheels/a.whl")
    first = server.current
    assert server.update("wheels/b.whl") == 0
    assert server.current != first
    assert server.versions() == [server.current]


def test_the_old_version_stays_where_the_new_one_cannot_be_installed(server):
    server.update("wheels/a.whl")
    first = server.current
    (server.root / "pip-broken").touch()
    assert server.update("wheels/b.whl") != 0
    assert (server.current, server.versions()) == (first, [first])
    (server.root / "pip-broken").unlink()
    assert server.update("wheels/b.whl") == 0
    assert server.current != first


def test_timers_that_could_not_be_started_are_tried_again(server):
    (server.root / "sco-broken").touch()
    assert server.update("wheels/a.whl") != 0
    (server.root / "sco-broken").unlink()
    assert server.update("wheels/a.whl") == 0
    assert server.asked() == ["--version", _INIT, _INIT]


def test_two_at_once_do_not_meet(server):
    with (server.root / "lock").open("w") as held:
        subprocess.run(["flock", "-n", str(held.fileno())], pass_fds=[held.fileno()], check=True)
        assert server.update("wheels/a.whl") == 0
        assert not (server.root / "opt").exists()
