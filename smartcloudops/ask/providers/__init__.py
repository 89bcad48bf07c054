"""Who words the answer: one file per provider, one row per provider in PROVIDERS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from smartcloudops.ask.messages import Delta, Messages, ToolSpec
from smartcloudops.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Dialling:
    """How a provider is reached. `model` None is its default; `base_url` None is its official endpoint.

    `key` belongs to that endpoint alone; None where the server asks for none. `timeout_s`: for one silence.
    """

    model: str | None = None
    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0


class Provider(Protocol):
    """A language model's server, or what stands in for one. Keeps no state of a conversation."""

    # The row's name in PROVIDERS.
    name: str
    # The model asked for.
    model: str
    # The endpoint's address shown to people; "" where nothing leaves the machine.
    where: str

    # One turn, as it arrives; no tools are offered where `tools` is empty. Contacts nobody before it is iterated.
    # Raises ProviderError, before the first delta or after it.
    def reply(self, messages: Messages, tools: Sequence[ToolSpec]) -> Iterator[Delta]: ...

    # The models that the server has, sorted; () where it does not tell. Raises ProviderError.
    def models(self) -> Sequence[str]: ...

    # Gives connections back; may be called from another thread to end a reply that hangs.
    def close(self) -> None: ...


# A row makes a provider from a Dialling; making one imports its SDK and contacts nobody. Raises ConfigError.
PROVIDERS: Registry[Callable[[Dialling], Provider]] = Registry(
    "provider",
    {
        "openai": "smartcloudops.ask.providers.openai:OpenAI",
        "gemini": "smartcloudops.ask.providers.gemini:Gemini",
        "offline": "smartcloudops.ask.providers.offline:Offline",
    },
)
