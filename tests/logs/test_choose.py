"""Which source a word means, and what is said of one that means none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smartcloudops.core.config import Config, load
from smartcloudops.core.errors import ConfigError, UsageError
from smartcloudops.logs.sources.choose import configured, open_source
from smartcloudops.logs.sources.directory import Directory
from smartcloudops.logs.sources.s3 import S3

ALB = '[logs.alb]\nuri = "s3://ops/alb/"\nlayout = "alb"\nregion = "eu-west-1"\nzone = "Europe/Berlin"\n'


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    (tmp_path / "applogs").mkdir()
    (tmp_path / "applogs/a.log").write_text("x")

    def write(text: str) -> Config:
        file = tmp_path / "named.toml"
        file.write_text(text)
        return load(file=file, environ=os.environ, cwd=tmp_path, home=Path.home())

    return write


def test_a_configured_name_brings_its_settings(config):
    source = open_source(config(ALB), "alb")
    assert isinstance(source, S3)
    assert (source.name, source.layout, source.zone, source.address()) == (
        "alb",
        "alb",
        "Europe/Berlin",
        "s3://ops/alb/",
    )
    assert source._lister.meta.region_name == "eu-west-1"
    assert configured(config(ALB), "alb").address() == "s3://ops/alb/"


def test_flags_stand_above_the_configuration(config):
    source = open_source(config(ALB), "alb", region="us-east-2", layout="auto", zone=None, client="boto3")
    assert source._lister.meta.region_name == "us-east-2"
    assert (source.layout, source.zone) == ("auto", "Europe/Berlin")


def test_the_only_one_needs_no_name(config):
    assert open_source(config(ALB), None).name == "alb"


def test_one_of_several_must_be_named(config):
    with pytest.raises(UsageError, match=r"which logs: alb, web\?") as e:
        open_source(config(ALB + '[logs.web]\nuri = "applogs"\n'), None)
    assert "`alb`" in str(e.value.hint)


def test_none_at_all_gets_an_example_of_the_section(config):
    with pytest.raises(ConfigError, match="no logs are configured") as e:
        open_source(config(""), None)
    assert '[logs.web]\nuri = "s3://bucket/prefix"' in str(e.value.hint)
    with pytest.raises(ConfigError, match="none are configured"):
        configured(config(""), "web")


@pytest.mark.parametrize("argument", ["applogs", "applogs/a.log", "./applogs"])
def test_a_path_is_a_directory_or_a_file(config, argument):
    source = open_source(config(ALB), argument)
    assert isinstance(source, Directory) and source.name == argument
    assert [one.key for one in source.objects()] == ["a.log"]


def test_a_name_wins_over_a_path(config):
    told = config(ALB.replace("alb]", "applogs]"))
    assert isinstance(open_source(told, "applogs"), S3)
    assert isinstance(open_source(told, "./applogs"), Directory)


def test_an_address_takes_settings_from_flags(config):
    source = open_source(config(ALB), "s3://other/x/", format="syslog", region="eu-west-3")
    assert isinstance(source, S3)
    assert (source.name, source.format, source._lister.meta.region_name) == ("s3://other/x/", "syslog", "eu-west-3")


def test_a_wrong_name_gets_the_nearest_and_the_known(config):
    with pytest.raises(UsageError, match="no logs named 'abl', and no path") as e:
        open_source(config(ALB), "abl")
    assert e.value.hint == "did you mean `alb`?"
    with pytest.raises(UsageError) as e:
        open_source(config(ALB), "qqqqqq")
    assert e.value.hint == "known: alb"


def test_a_path_that_is_missing_is_said_to_be(config):
    with pytest.raises(UsageError, match=r"no such file or directory: applogs/b\.log"):
        open_source(config(ALB), "applogs/b.log")


@pytest.mark.parametrize("place", ["applogs", "./applogs", "s3://ops/alb/", "/etc", "-"])
def test_callers_that_name_no_places_get_none(config, place):
    with pytest.raises(UsageError, match="no logs named"):
        configured(config(ALB), place)


@pytest.mark.parametrize("place", ["http://ops/x", "s3://NO", "gs://b/x"])
def test_other_addresses_are_refused(config, place):
    with pytest.raises(ConfigError, match="SOURCE = "):
        open_source(config(ALB), place)


def test_a_configured_directory_that_is_missing_names_the_setting(config):
    with pytest.raises(ConfigError, match=r"\[logs.old\] uri: cannot read .*No such file"):
        open_source(config('[logs.old]\nuri = "gone"\n'), "old")


def test_an_unknown_client_or_profile_is_a_setting(config):
    with pytest.raises(ConfigError, match="nobody"):
        open_source(config(ALB), "alb", profile="nobody")
