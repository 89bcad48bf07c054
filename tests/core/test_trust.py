"""A project file from a stranger: what it may set, and where credentials go."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from smartcloudops.core import config, trust
from smartcloudops.core.config import Config, load_project, project_path, trust_store
from smartcloudops.core.errors import ConfigError, Status, UntrustedError

URL = 'url = "http://prom:9090"\n'


@pytest.fixture
def project(home: Path) -> Path:
    directory = home / "clone"
    directory.mkdir()
    return directory


def load(home: Path, text: str, *, user: str = "", **more: Any) -> Config:
    (home / "clone" / "sco.toml").write_text(text)
    (home / ".config" / "sco").mkdir(parents=True, exist_ok=True)
    (home / ".config" / "sco" / "config.toml").write_text(user)
    more.setdefault("environ", {})
    return config.load(cwd=home / "clone", home=home, **more)


def approve(home: Path) -> None:
    path = project_path(None, cwd=home / "clone", home=home)
    found = load_project(path, environ={}, cwd=home / "clone", home=home)
    trust.trust(found.path, trust_store({}, home), digest=found.digest)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[prometheus]\npassword_cmd = "sh -c evil"', "prometheus.password_cmd"),
        ('[prometheus]\nurl = "http://u:p@host"', "prometheus.url"),
        ('[prometheus]\ntoken_env = "AWS_SECRET_ACCESS_KEY"\nurl = "http://evil"', "prometheus.token_env"),
        ("[prometheus]\nverify = false", "prometheus.verify"),
        ('[prometheus]\nheaders = { Host = "x" }', "prometheus.headers"),
        ('[infra]\nbinary = "./evil"', "infra.binary"),
        ('[infra]\ndir = "tf"', "infra.dir"),
        ('[state]\ndir = "/etc"', "state.dir"),
        ('[models]\ndir = "/etc"', "models.dir"),
        ('[models]\ns3 = "s3://evil"', "models.s3"),
        ('[ask]\nroute = ["openai"]', "ask.route"),
        ('[ask.openai]\nbase_url = "http://evil"', "ask.openai.base_url"),
        ('[ask.gemini]\nsend = ["logs"]', "ask.gemini.send"),
        ('[logs.a]\nuri = "~/.ssh"', "logs.a.uri"),
    ],
)
def test_a_sensitive_key_from_a_project_stops_with_its_name(home: Path, project: Path, text: str, name: str) -> None:
    with pytest.raises(UntrustedError) as caught:
        load(home, text)
    assert name in caught.value.message
    assert str(project / "sco.toml") in caught.value.message
    assert "sco config trust" in (caught.value.hint or "")
    assert caught.value.status is Status.USAGE


def test_safe_keys_need_no_trust(home: Path, project: Path) -> None:
    text = f'[prometheus]\n{URL}timeout = "5s"\n[train]\nseed = 4\n[[metric]]\nname = "a"\nexpr = "up"\n'
    found = load(home, text)
    assert found.prometheus.url == "http://prom:9090"
    assert found.train.seed == 4


def test_config_and_doctor_go_on_without_what_is_untrusted(home: Path, project: Path) -> None:
    text = '[state]\ndir = "/etc"\n[train]\nseed = 4\n'
    found = load(home, text, allow_untrusted=True)
    assert found.state_dir == home / ".local/state/sco"
    assert found.train.seed == 4
    assert [each.name for each in found.untrusted] == ["state.dir"]


def test_trust_holds_for_this_content_only(home: Path, project: Path) -> None:
    text = '[infra]\nbinary = "./tf"\n'
    with pytest.raises(UntrustedError):
        load(home, text)
    approve(home)
    assert load(home, text).infra.binary == str(project / "tf")
    with pytest.raises(UntrustedError):
        load(home, text + "# one more byte\n")
    assert load(home, text).infra.binary == str(project / "tf")


def test_trust_is_kept_private_and_can_be_revoked(home: Path, project: Path) -> None:
    with pytest.raises(UntrustedError):
        load(home, '[infra]\nbinary = "./tf"\n')
    approve(home)
    stored = home / ".local/state/sco/trust.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert trust.revoke(project / "sco.toml", stored.parent)
    assert not trust.revoke(project / "sco.toml", stored.parent)
    with pytest.raises(UntrustedError):
        load(home, '[infra]\nbinary = "./tf"\n')


def test_the_same_content_elsewhere_is_not_trusted(home: Path, project: Path) -> None:
    text = '[infra]\nbinary = "./tf"\n'
    with pytest.raises(UntrustedError):
        load(home, text)
    approve(home)
    other = home / "other"
    other.mkdir()
    (other / "sco.toml").write_text(text)
    with pytest.raises(UntrustedError):
        config.load(cwd=other, home=home, environ={})


def test_a_file_that_changes_while_the_user_decides_is_not_trusted(home: Path, project: Path) -> None:
    (project / "sco.toml").write_text('[infra]\nbinary = "tofu"\n')
    shown = load_project(project / "sco.toml", environ={}, cwd=project, home=home)
    (project / "sco.toml").write_text('[infra]\nbinary = "./evil"\n')
    with pytest.raises(ConfigError, match="just changed"):
        trust.trust(shown.path, trust_store({}, home), digest=shown.digest)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": 3}', b"\xff"])
def test_a_broken_list_of_trust_is_named_and_grants_nothing(home: Path, project: Path, content: bytes) -> None:
    stored = home / ".local/state/sco/trust.json"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(content)
    with pytest.raises(ConfigError, match=r"trust\.json"):
        load(home, '[infra]\nbinary = "./tf"\n')


def test_a_users_credential_never_goes_to_an_untrusted_projects_url(home: Path, project: Path) -> None:
    for user in ('token_env = "T"', 'username = "u"', 'headers = { Cookie = "x" }'):
        with pytest.raises(UntrustedError, match=r"prometheus\.url"):
            load(home, f"[prometheus]\n{URL}", user=f"[prometheus]\n{user}\n")
    with pytest.raises(UntrustedError, match=r"prometheus\.url"):
        load(home, f"[prometheus]\n{URL}", environ={"SCO_PROMETHEUS__TOKEN_ENV": "T"})


def test_the_users_endpoint_goes_before_the_projects(home: Path, project: Path) -> None:
    found = load(home, f"[prometheus]\n{URL}", user='[prometheus]\nurl = "http://mine"\nusername = "u"\n')
    assert (found.prometheus.url, found.prometheus.username) == ("http://mine", "u")


def test_without_trust_the_users_own_endpoint_stays(home: Path, project: Path) -> None:
    user = '[prometheus]\nurl = "http://mine"\ntoken_env = "T"\n'
    found = load(home, f"[prometheus]\n{URL}", user=user, allow_untrusted=True)
    assert found.prometheus.url == "http://mine"
    assert found.prometheus.token_env == "T"


def test_the_same_url_in_both_files_keeps_its_credential(home: Path, project: Path) -> None:
    found = load(home, f"[prometheus]\n{URL}", user=f'[prometheus]\n{URL}token_env = "T"\n')
    assert found.prometheus.token_env == "T"


def test_a_credential_is_not_used_for_another_endpoint_than_the_one_beside_it(home: Path, project: Path) -> None:
    user = f'[prometheus]\n{URL}token_env = "T"\nca_file = "ca.pem"\n'
    found = load(home, "", user=user, environ={"SCO_PROMETHEUS__URL": "http://other", "T": "secret"})
    assert found.prometheus.token_env is None
    assert found.prometheus.ca_file is None
    assert found.secret("prometheus", "token") is None
    assert "SCO_PROMETHEUS__URL" in found.notes[0]
    assert load(home, "", user=user, environ={"T": "secret"}).secret("prometheus", "token") == "secret"


def test_a_credential_without_an_endpoint_beside_it_serves_the_one_in_force(home: Path, project: Path) -> None:
    user = '[prometheus]\ntoken_env = "T"\n'
    environ = {"SCO_PROMETHEUS__URL": "http://other", "T": "secret"}
    assert load(home, "", user=user, environ=environ).secret("prometheus", "token") == "secret"
