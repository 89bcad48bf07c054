"""Who is asked: only who was named, at the endpoint beside the key, and not while it rests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.scripted_provider import Scripted

from smartcloudops.ask import routing
from smartcloudops.ask.providers import Dialling
from smartcloudops.ask.routing import Rest, Route, Wanted
from smartcloudops.core import config
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, ProviderError
from smartcloudops.core.times import HOUR

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def make(environ: dict[str, str] | None = None, **flags: Any) -> Config:
        given = {name.replace("__", "."): value for name, value in flags.items()}
        return config.load(flags=given, environ=environ or {}, cwd=tmp_path, home=tmp_path)

    return make


@pytest.mark.parametrize(
    ("route", "wanted", "names"),
    [
        (None, Wanted(), ["offline"]),
        (["openai", "gemini"], Wanted(), ["openai", "gemini", "offline"]),
        (["offline", "openai"], Wanted(), ["offline"]),
        (["openai", "gemini"], Wanted("gemini"), ["gemini", "openai", "offline"]),
        (["openai", "gemini"], Wanted("gemini", fallback=False), ["gemini"]),
        (["openai", "gemini"], Wanted(fallback=False), ["openai"]),
        (None, Wanted("openai"), ["openai", "offline"]),
        (["openai"], Wanted("offline"), ["offline"]),
    ],
)
def test_the_order(load: Load, route: list[str] | None, wanted: Wanted, names: list[str]) -> None:
    loaded = load(**({"ask__route": route} if route else {}))
    assert routing.names(loaded, wanted) == names


def test_a_usual_key_goes_to_the_official_endpoint_alone(load: Load) -> None:
    environ = {"OPENAI_API_KEY": "sk-of-the-environment"}
    assert routing.dialling(load(), "openai", environ).key == "sk-of-the-environment"
    elsewhere = load(ask__openai__base_url="http://localhost:11434/v1")
    assert routing.dialling(elsewhere, "openai", environ).key is None


def test_a_declared_key_is_used_and_a_missing_one_is_an_error(load: Load) -> None:
    declared = load({"MINE": "sk-mine"}, ask__openai__key_env="MINE")
    assert routing.dialling(declared, "openai", {"OPENAI_API_KEY": "sk-other"}).key == "sk-mine"
    with pytest.raises(ConfigError, match="names a variable that is not set"):
        routing.dialling(load(ask__openai__key_env="MINE"), "openai", {})


def test_an_unused_key_is_told_with_the_command_that_uses_it() -> None:
    environ = {"OPENAI_API_KEY": "sk-1", "GOOGLE_API_KEY": "g"}
    assert routing.unused_keys(["offline"], environ) == [
        "OPENAI_API_KEY is set and not used; to have openai answer: sco ask --provider openai …",
        "GOOGLE_API_KEY is set and not used; to have gemini answer: sco ask --provider gemini …",
    ]
    assert routing.unused_keys(["openai", "gemini"], environ) == []


def test_who_rests_is_passed_over_and_told(load: Load) -> None:
    loaded = load(ask__route=["openai", "gemini"])
    resting = {"openai": Rest(2_000_000, "out of quota")}
    route = Route(loaded, Wanted(), {}, resting, 1_000_000, make=lambda name, dialling: Scripted([], name=name))
    provider = route.next()
    assert provider is not None
    assert provider.name == "gemini"
    assert route.told == ["openai is skipped until 1970-01-01T00:33:20Z: out of quota"]
    later = Route(loaded, Wanted(), {}, resting, 2_000_000, make=lambda name, dialling: Scripted([], name=name))
    assert later.first_name() == "openai"


def test_who_rests_is_asked_where_nobody_else_may_answer(load: Load) -> None:
    route = Route(
        load(ask__route=["openai"]),
        Wanted(fallback=False),
        {},
        {"openai": Rest(2_000, "out of quota")},
        1_000,
        make=lambda name, dialling: Scripted([], name=name),
    )
    provider = route.next()
    assert provider is not None
    assert provider.name == "openai"


def test_a_model_that_was_asked_for_goes_to_its_provider_alone(load: Load) -> None:
    asked: dict[str, Dialling] = {}

    def make(name: str, dialling: Dialling) -> Scripted:
        asked[name] = dialling
        return Scripted([], name=name)

    route = Route(load(ask__route=["openai", "gemini"]), Wanted("openai", "mine"), {}, make=make)
    while route.next() is not None:
        pass
    assert asked["openai"].model == "mine"
    assert asked["gemini"].model == "gemini-3.5-flash"


def test_a_provider_that_cannot_be_made_is_told_and_the_next_is_asked(load: Load) -> None:
    def make(name: str, dialling: Dialling) -> Scripted:
        if name == "openai":
            raise ConfigError("no key for openai", hint="set [ask.openai] key_env")
        return Scripted([], name=name)

    route = Route(load(ask__route=["openai"]), Wanted(), {}, make=make)
    provider = route.next()
    assert provider is not None
    assert provider.name == "offline"
    assert route.told == ["openai cannot be asked: no key for openai (set [ask.openai] key_env)"]


@pytest.mark.parametrize(
    ("error", "until"),
    [
        (ProviderError("x", kind="quota", retry_at=5_000), 5_000),
        (ProviderError("x", kind="quota"), 1_000 + HOUR),
        (ProviderError("x", kind="rate", retry_at=10**15), 1_000 + 31 * 24 * HOUR),
        (ProviderError("x", kind="down"), 31_000),
        (ProviderError("x", kind="auth"), None),
        (ProviderError("x", kind="model"), None),
    ],
)
def test_how_long_a_failure_lasts(error: ProviderError, until: int | None) -> None:
    rest = routing.rest_of(error, 1_000)
    assert (rest.until if rest else None) == until
