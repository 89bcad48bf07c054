"""Layers, origins and messages of the configuration, through real files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core import config
from smartcloudops.core.config import Config, key_of, value_of
from smartcloudops.core.errors import ConfigError, Status, UsageError
from smartcloudops.core.keys import SECTIONS, display, find, keys, toml_text
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import DAY, HOUR, MINUTE

Load = Callable[..., Config]


@pytest.fixture
def project(home: Path) -> Path:
    directory = home / "work" / "project"
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def load(home: Path, project: Path) -> Load:
    """Load with the texts of a project and a user file, variables and flags."""

    def load(text: str | None = None, *, user: str | None = None, cwd: Path = project, **more: Any) -> Config:
        if text is not None:
            (project / "sco.toml").write_text(text)
        if user is not None:
            path = home / ".config" / "sco" / "config.toml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(user)
        more.setdefault("environ", {})
        return config.load(cwd=cwd, home=home, **more)

    return load


def refusal(load: Load, *args: Any, **more: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(*args, **more)
    assert caught.value.status is Status.USAGE
    return caught.value


def test_without_any_file_the_defaults_hold(load: Load, home: Path) -> None:
    found = load()
    assert found.prometheus.url is None
    assert found.train.lookback_ms == 14 * DAY
    assert found.train.max_skipped == 0.05
    assert found.detect.repeat_ms == 4 * HOUR
    assert found.metrics.presets == ("node", "http")
    assert found.ask.openai.send == ("metrics", "alerts")
    assert found.models_dir == home / ".local/share/sco/models"
    assert found.state_dir == home / ".local/state/sco"
    assert found.project_file is None
    assert str(found.origin("train.lookback")) == "default"


def test_each_layer_overrides_the_one_below_and_is_named_as_the_origin(load: Load, project: Path, home: Path) -> None:
    text = '[train]\nlookback = "1d"\nstep = "1m"\nseed = 1\nworkers = 1\n'
    user = '[train]\nstep = "2m"\nseed = 2\nworkers = 2\n'
    environ = {"SCO_TRAIN__SEED": "3", "SCO_TRAIN__WORKERS": "3"}
    found = load(text, user=user, environ=environ, flags={"train.workers": 4, "train.engine": None})
    assert found.train.lookback_ms == DAY
    assert found.train.step_ms == 2 * MINUTE
    assert (found.train.seed, found.train.workers) == (3, 4)
    origins = [str(found.origin(f"train.{name}")) for name in ("lookback", "step", "seed", "workers", "engine")]
    user_file = home / ".config/sco/config.toml"
    assert origins == [f"{project / 'sco.toml'}:2", f"{user_file}:2", "SCO_TRAIN__SEED", "flag", "default"]


def test_a_named_file_replaces_both_files_and_is_trusted(load: Load, project: Path, tmp_path: Path) -> None:
    named = tmp_path / "prod.toml"
    named.write_text('[state]\ndir = "state"\n[train]\nseed = 9\n')
    for way in ({"file": named}, {"environ": {"SCO_CONFIG": str(named)}}):
        found = load('[train]\nseed = 2\nstep = "2m"', user="[train]\nworkers = 3", **way)
        assert (found.train.seed, found.train.workers, found.train.step_ms) == (9, 0, 5 * MINUTE)
        assert found.state_dir == tmp_path / "state"
        assert found.models_dir == tmp_path / "models"
        assert found.project_file == named


def test_a_named_file_that_is_not_there_is_an_error(load: Load, tmp_path: Path) -> None:
    assert "no.toml" in refusal(load, file=tmp_path / "no.toml").message


def test_a_single_underscore_is_named(load: Load) -> None:
    found = refusal(load, environ={"SCO_PROMETHEUS_URL": "http://x"})
    assert found.hint == "two underscores: SCO_PROMETHEUS__URL"


def test_the_project_file_is_found_from_below_up_to_the_checkout(load: Load, project: Path) -> None:
    below = project / "a" / "b"
    below.mkdir(parents=True)
    assert load("[train]\nseed = 7", cwd=below).train.seed == 7
    assert load(cwd=below).models_dir == project / "models"
    (project / "a" / ".git").mkdir()
    assert load(cwd=below).train.seed == 0


def test_the_search_for_a_project_file_ends_at_home(load: Load, home: Path, project: Path) -> None:
    (home.parent / "sco.toml").write_text("[train]\nseed = 7")
    assert load().project_file is None
    (home / "sco.toml").write_text("[train]\nseed = 8")
    assert load().train.seed == 8


def test_paths_are_relative_to_the_file_and_home_is_expanded(load: Load, home: Path, project: Path) -> None:
    found = load(user='[models]\ndir = "m"\n[infra]\ndir = "~/tf"\nbinary = "tofu"\n[logs.web]\nuri = "~/logs"\n')
    assert found.models_dir == home / ".config/sco/m"
    assert found.infra.dir == home / "tf"
    assert found.infra.binary == "tofu"
    assert found.logs["web"].uri == str(home / "logs")
    assert load(environ={"SCO_STATE__DIR": "here"}).state_dir == project / "here"


def test_metrics_are_whole_entries_and_the_later_layer_wins_by_name(load: Load) -> None:
    text = '[[metric]]\nname = "cpu"\nexpr = "a"\nunit = "%"\n[[metric]]\nname = "lag"\nexpr = "c"\n'
    user = '[[metric]]\nname = "cpu"\nexpr = "b"\nfor = "5m"\nby = ["job"]\nkind = "saturation"\n'
    found = load(text, user=user)
    cpu = Metric("cpu", "b", by=("job",), kind="saturation", for_ms=5 * MINUTE)
    assert found.metric == (cpu, Metric("lag", "c"))
    assert found.origins["metric.cpu.expr"].line == 3
    assert "metric.cpu.unit" not in found.origins
    assert value_of(found, "metric.lag.expr") == "c"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[train]\nlookbak = 1", "sco.toml:2: unknown key 'lookbak' in [train]", "`lookback`"),
        ("\n[trian]\nx = 1", "sco.toml:2: unknown section [trian]", "`train`"),
        ("train = 3", "sco.toml:1: train is a section", "[train]"),
        ("lookback = 3", "sco.toml:1: unknown section [lookback]", "known: "),
        ("[ask.opnai]\nmodel = 1", "sco.toml:1: unknown key 'opnai' in [ask]", "`openai`"),
        ('[logs.web]\nurl = "s3://x"', "sco.toml:2: unknown key 'url' in [logs.web]", "`uri`"),
        ('[prometheus]\npassword = "x"', "unknown key 'password' in [prometheus]", "password_"),
        ("[train]\nlookback = 14", "sco.toml:2: [train] lookback = 14 is not a duration", 'lookback = "14d"'),
        ('[train]\nstep = "5 min"', 'step = "5 min" is not a duration', '"5m"'),
        ('[train]\nstep = "0s"', "is not at least", '"1s"'),
        ("[train]\nseed = 1.5", "seed = 1.5 is not a whole number", "seed = 1"),
        ("[train]\nseed = true", "seed = true is not a whole number", "seed = 1"),
        ("[train]\nmax_skipped = 5", "is not at most 1", "max_skipped = 1"),
        ("[train]\nmax_skipped = nan", "is not a number", "1.0"),
        ('[train]\nengine = "torch"', "is not one of sklearn, numpy", '"sklearn"'),
        ('[metrics]\npresets = "node"', "is not a list of texts", '["node", "http"]'),
        ('[train]\nexclude = ["yesterday"]', "'yesterday' is no range", "2026-11-20..2026-11-21"),
        ('[prometheus]\nurl = ""', "is not text", "url ="),
        ('[prometheus]\nmax_response = "10 potatoes"', "is not a size", "256MB"),
        ("[[metric]]\nname = 'a'", "sco.toml:1: [[metric]] lacks expr", None),
        ("[[metric]]\nname = 'a'\nexpr = 'b'\n[[metric]]\nexpr = 'c'", "sco.toml:4: [[metric]] lacks name", None),
        ("[[metric]]\nname='a'\nexpr='b'\n[[metric]]\nname='a'\nexpr='c'", ":4: a second [[metric]] named 'a'", None),
        ("[[metric]]\nname='a'\nexpr='b'\nexp='c'", "sco.toml:4: unknown key 'exp' in [metric]", "`expr`"),
        ("[metric]\nname='a'", "metric is a list of tables", "[[metric]]"),
        ("[train\nseed = 1", "sco.toml: ", "TOML"),
        ("[train]\nx = " + "[" * 5000, "sco.toml: ", None),
    ],
)
def test_a_wrong_file_is_refused_with_the_line_and_what_to_write(
    load: Load, text: str, message: str, hint: str | None
) -> None:
    found = refusal(load, text)
    assert message in found.message
    assert hint is None or hint in (found.hint or "")


def test_a_file_that_is_no_text_or_no_configuration_is_refused(load: Load, project: Path, home: Path) -> None:
    (project / "sco.toml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refusal(load).message
    (project / "sco.toml").write_bytes(b"#" * 1_000_001)
    assert "larger than 1 MB" in refusal(load).message


def test_a_pipe_named_sco_toml_is_not_waited_for(load: Load, project: Path) -> None:
    os.mkfifo(project / "sco.toml")
    assert load().project_file is None


def test_variables_hold_toml_values_and_bare_text_is_a_string(load: Load) -> None:
    environ = {
        "SCO_PROMETHEUS__URL": "http://prom:9090",
        "SCO_PROMETHEUS__USERNAME": "123",
        "SCO_PROMETHEUS__TIMEOUT": '"10s"',
        "SCO_TRAIN__LOOKBACK": "7d",
        "SCO_TRAIN__MAX_SKIPPED": "0.1",
        "SCO_METRICS__PRESETS": '["node"]',
        "SCO_ASK__OPENAI__MODEL": "gpt",
        "SCO_LOGS__WEB__URI": "s3://bucket/x",
        "SCO_PROMETHEUS__PASSWORD_CMD": "pass show prom",
        "SCO_CONFIG_NOTE": "no double underscore: not a setting",
    }
    found = load(environ=environ)
    assert found.prometheus.url == "http://prom:9090"
    assert found.prometheus.username == "123"
    assert found.prometheus.timeout_ms == 10_000
    assert found.train.lookback_ms == 7 * DAY
    assert found.train.max_skipped == 0.1
    assert found.metrics.presets == ("node",)
    assert found.ask.openai.model == "gpt"
    assert found.logs["web"].uri == "s3://bucket/x"
    assert found.prometheus.password_cmd == ("pass", "show", "prom")


@pytest.mark.parametrize(
    ("variable", "value", "message", "hint"),
    [
        ("SCO_PROMETHEUS__ULR", "x", "SCO_PROMETHEUS__ULR: no such setting", "SCO_PROMETHEUS__URL"),
        ("SCO_TRAIN__", "x", "SCO_TRAIN__: no such setting", ""),
        ("SCO___", "x", "SCO___: no such setting", ""),
        ("SCO_METRIC__EXPR", "x", "SCO_METRIC__EXPR: no such setting", ""),
        ("SCO_TRAIN__SEED", "one", 'SCO_TRAIN__SEED: [train] seed = "one" is not a whole number', "seed = 1"),
        ("SCO_TRAIN__SEED", "1\nx = 2", "is not a whole number", ""),
    ],
)
def test_a_wrong_variable_is_refused_by_name(load: Load, variable: str, value: str, message: str, hint: str) -> None:
    found = refusal(load, environ={variable: value})
    assert message in found.message
    assert hint in (found.hint or "")


def test_a_wrong_flag_key_is_refused(load: Load) -> None:
    assert "`seed`" in (refusal(load, flags={"train.sed": 1}).hint or "")


def test_relative_xdg_directories_are_ignored(load: Load, home: Path) -> None:
    assert load(environ={"XDG_STATE_HOME": "here"}).state_dir == home / ".local/state/sco"


def test_a_place_that_cannot_be_looked_into_holds_no_file(load: Load) -> None:
    assert load(environ={"XDG_CONFIG_HOME": f"/{'x' * 300}"}).project_file is None


NAMES = st.sampled_from([*SECTIONS, *(key.last for key in keys()), "logs", "x", "", "a.b", "\n"])
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-10, 10**20), st.floats(), st.text(max_size=6), st.just("5m")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_file_is_taken_or_refused_but_never_a_bug(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]
) -> None:
    directory = tmp_path_factory.getbasetemp()
    named = directory / "any.toml"
    named.write_text("".join(f"{toml_text(name)} = {toml_text(value)}\n" for name, value in table.items()))
    with contextlib.suppress(ConfigError):
        found = config.load(file=named, environ={}, cwd=directory, home=directory)
        assert all(value_of(found, name) is not None or name for name in found.origins)


@given(st.dictionaries(st.sampled_from([key.name for key in keys()]), st.text(max_size=12), max_size=3))
def test_any_variable_is_taken_or_refused_but_never_a_bug(values: dict[str, str]) -> None:
    environ = {f"SCO_{name.replace('.', '__').upper()}": value for name, value in values.items()}
    with contextlib.suppress(ConfigError):
        config.load(environ=environ, cwd=Path("/nonexistent"), home=Path("/nonexistent"))


def test_only_root_uses_the_system_state_directory_and_only_where_there_is_one(
    load: Load, tmp_path: Path, home: Path
) -> None:
    own = home / ".local/state/sco"
    assert load(system_state=tmp_path).state_dir == (tmp_path if os.geteuid() == 0 else own)
    assert load(system_state=tmp_path / "none").state_dir == own


def test_every_origin_has_a_value_and_every_key_a_row(load: Load) -> None:
    found = load('[[metric]]\nname = "a.b"\nexpr = "up"\n', user='[logs.x]\nuri = "s3://b"\n')
    shown = {name: display(key_of(name), value_of(found, name)) for name in found.origins}
    assert shown["train.lookback"] == '"14d"'
    assert shown["metric.a.b.expr"] == '"up"'
    assert shown["logs.x.uri"] == '"s3://b"'
    assert {key.name for key in keys() if not key.name.startswith(("metric.", "logs.", "alerts.", "waive."))} <= set(
        shown
    )
    with pytest.raises(UsageError):
        value_of(found, "metric.none.expr")


@pytest.mark.parametrize("key", [key for key in keys() if key.default not in (None, "")], ids=lambda key: key.name)
def test_each_default_as_shown_can_be_written_back(key: Any, load: Load, tmp_path: Path) -> None:
    section = key.section.replace("NAME", "x")
    needed = {"metric": 'name = "a"\nexpr = "b"\n', "logs.x": 'uri = "s3://x"\n'}
    entry = (needed | {"alerts.x": 'type = "webhook"\nurl = "http://x"\n'}).get(section, "")
    header = f"[[{section}]]" if section == "metric" else f"[{section}]"
    named = tmp_path / "c.toml"
    named.write_text(f"{header}\n{entry}{key.last} = {display(key, key.default)}\n")
    name = f"metric.a.{key.last}" if section == "metric" else f"{section}.{key.last}"
    assert value_of(load(file=named), name) == key.default
    assert key.doc
    assert find(key.name.split(".")) == key
