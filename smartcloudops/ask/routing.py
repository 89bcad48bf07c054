"""Who is asked, in which order: only providers that the user named, each at the endpoint declared beside its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from smartcloudops.ask.providers import PROVIDERS, Dialling, Provider
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, ProviderError, ScoError
from smartcloudops.core.settings import Provider as Section
from smartcloudops.core.times import HOUR, MINUTE, SECOND, rfc3339

OFFLINE = "offline"
# Variables that hold a key by custom; used for the official endpoint of a provider that was named, never unasked.
USUAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}
_REST_MS = {"quota": HOUR, "rate": 30 * SECOND, "down": MINUTE // 2, "stalled": MINUTE // 2}
_LONGEST_REST_MS = 31 * 24 * HOUR


@dataclass(frozen=True, slots=True)
class Wanted:
    """What flags say: a provider and a model in place of the configured ones, and whether others may step in."""

    provider: str | None = None
    model: str | None = None
    fallback: bool = True


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when (ms) a provider is of no use, and why."""

    until: int
    reason: str


def names(config: Config, wanted: Wanted) -> list[str]:
    """The providers in the order to try; `offline` has the last word wherever others may step in."""
    route = [wanted.provider] if wanted.provider else []
    if not wanted.provider or wanted.fallback:
        route += [name for name in config.ask.route if name not in route]
    if not wanted.fallback:
        return route[:1] or [OFFLINE]
    return [name for name in dict.fromkeys(route) if name != OFFLINE] + [OFFLINE] if route[0] != OFFLINE else [OFFLINE]


def section(config: Config, name: str) -> Section | None:
    """The settings of a provider; None for `offline`."""
    return None if name == OFFLINE else getattr(config.ask, name)


def sends(config: Config, name: str) -> tuple[str, ...] | None:
    """What a provider may be sent; None where nothing leaves the machine."""
    found = section(config, name)
    return None if found is None else found.send


def dialling(config: Config, name: str, environ: Mapping[str, str], model: str | None = None) -> Dialling:
    """How a provider is reached: the key is read now. ConfigError where one is declared and cannot be had."""
    found = section(config, name)
    if found is None:
        return Dialling()
    key = config.secret(f"ask.{name}", "key")
    if key is None and found.base_url is None:
        key = _usual_key(name, environ)
    return Dialling(model or found.model, found.base_url, key, found.timeout_ms / 1000)


def _usual_key(name: str, environ: Mapping[str, str]) -> str | None:
    from smartcloudops.core.redact import register

    key = next((environ[variable] for variable in USUAL_KEYS[name] if environ.get(variable)), None)
    if key is not None:
        register(key)
    return key


def unused_keys(route: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """A sentence for each key that lies in the environment while its provider is not named."""
    said = []
    for name, variables in USUAL_KEYS.items():
        held = next((variable for variable in variables if environ.get(variable)), None)
        if held is not None and name not in route:
            said.append(f"{held} is set and not used; to have {name} answer: sco ask --provider {name} …")
    return said


def rest_of(e: ProviderError, now: int) -> Rest | None:
    """Until when a failed provider is not asked again; None where it may be at once."""
    usual = _REST_MS.get(e.kind)
    if usual is None:
        return None
    until = e.retry_at if e.retry_at is not None else now + usual
    return Rest(min(until, now + _LONGEST_REST_MS), e.message)


@dataclass(slots=True)
class Route:
    """The providers of one answer, made when their turn comes. `resting` by name; `told` takes what was passed over."""

    config: Config
    wanted: Wanted
    environ: Mapping[str, str]
    resting: Mapping[str, Rest] = field(default_factory=dict)
    now: int = 0
    make: Callable[[str, Dialling], Provider] = field(default=lambda name, dialling: PROVIDERS.load(name)(dialling))
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    error: ScoError | None = None

    def __post_init__(self) -> None:
        self.left = names(self.config, self.wanted)

    def first_name(self) -> str:
        """Who will most likely be asked."""
        return next(self._ready(self.left), self.left[0])

    def next(self) -> Provider | None:
        """The next provider that can be asked; None where there is none left. What is passed over is told."""
        awake = list(self._ready(self.left))
        if not awake and len(self.left) > 0 and OFFLINE not in self.left:
            awake = self.left[:1]
        while self.left:
            name = self.left.pop(0)
            if name not in awake:
                rest = self.resting[name]
                self.told.append(f"{name} is skipped until {rfc3339(rest.until // SECOND * SECOND)}: {rest.reason}")
                continue
            try:
                # A model that was asked for belongs to the provider that was asked for.
                model = self.wanted.model if name == (self.wanted.provider or _first(self.config)) else None
                return self.make(name, dialling(self.config, name, self.environ, model))
            except ConfigError as e:
                self.error = e
                self.told.append(f"{name} cannot be asked: {e.message}" + (f" ({e.hint})" if e.hint else ""))
        return None

    def _ready(self, route: Sequence[str]) -> Iterator[str]:
        return (name for name in route if name not in self.resting or self.resting[name].until <= self.now)


def _first(config: Config) -> str:
    return next(iter(config.ask.route), OFFLINE)
