"""Google's Gemini, through its own API."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types
from google.genai.client import DebugConfig

from smartcloudops.ask.messages import Delta, Finish, Messages, ToolSpec, Usage
from smartcloudops.ask.providers import Dialling
from smartcloudops.ask.providers.contents import MALFORMED, blocked, conversation, deltas
from smartcloudops.ask.providers.line import Line, address, fault
from smartcloudops.ask.providers.refusals import Asked, Said, failed, refused, with_models
from smartcloudops.ask.providers.turns import instructions, table
from smartcloudops.core.address import Address
from smartcloudops.core.errors import ConfigError, ProviderError, Refusal
from smartcloudops.core.settings import Gemini as Settings
from smartcloudops.core.times import DAY, HOUR, SECOND, now_ms

OFFICIAL = "https://generativelanguage.googleapis.com"
_SECTION = "ask.gemini"
# The version that has tools, instructions and preview models; a base URL may end in another.
_VERSION = "v1beta"
# A day's quota comes back at midnight in California, the later of its two midnights.
_RESET_MS = 8 * HOUR
# What the SDK, its transport and its models raise for a server that is not there, refuses, or talks nonsense.
_FOREIGN = (
    errors.APIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    RuntimeError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
)


class Gemini:
    """The provider `gemini`."""

    name = "gemini"

    def __init__(self, dialling: Dialling) -> None:
        """Raises ConfigError: no key for the official endpoint, or a base URL that is none."""
        to = address(dialling, OFFICIAL, _SECTION)
        self.model = dialling.model or Settings().model or ""
        self.where = to.shown
        # A server of one's own that asks for no key takes any.
        key = dialling.key or "none"
        self._line = Line(to, headers={"x-goog-api-key": key}, silence_s=dialling.timeout_s)
        self._client = _client(to, self._line, key)
        _build_models()

    def reply(self, messages: Messages, tools: Sequence[ToolSpec]) -> Iterator[Delta]:
        """One turn; raises ProviderError."""
        asked = Asked(self.name, self.where, self.model, tools=bool(tools))
        with self._line.use():
            contents: Any = [types.Content.model_validate(each) for each in conversation(messages, self.model)]
            config = _config(instructions(messages), tools)
            malformed = yield from self._turn(contents, config, asked, last=False)
            if malformed:
                yield from self._turn(contents, config, asked, last=True)

    def models(self) -> Sequence[str]:
        """The names of all models that answer, sorted."""
        with self._line.use(), self._translated(Asked(self.name, self.where, self.model)):
            try:
                found = list(self._client.models.list(config=types.ListModelsConfig(page_size=1000)))
            except errors.APIError as e:
                if e.code in (404, 405, 501):
                    return ()
                raise
            able = [each for each in found if "generateContent" in (each.supported_actions or ("generateContent",))]
            return sorted({each.name.removeprefix("models/") for each in able if each.name})

    def close(self) -> None:
        """Hang up; nothing can be asked after it."""
        self._line.hang_up()

    def _turn(
        self, contents: Any, config: types.GenerateContentConfig, asked: Asked, *, last: bool
    ) -> Generator[Delta, None, bool]:
        """One request. Returns whether its answer was a call that cannot be read and nothing else, unless `last`."""
        said = False
        for delta in deltas(self._chunks(contents, config, asked), self.model):
            if isinstance(delta, Finish) and delta.detail.startswith(MALFORMED) and not said:
                if not last:
                    return True
                raise failed(asked, "broken", f"wrote a tool call that cannot be read ({delta.detail})")
            said = said or not isinstance(delta, Usage)
            yield delta
        if not said:
            raise failed(asked, "broken", "ended its answer before it said anything")
        return False

    def _chunks(self, contents: Any, config: types.GenerateContentConfig, asked: Asked) -> Iterator[Mapping[str, Any]]:
        """The chunks as plain tables, in the wire's own names."""
        first, stream = self._line.twice(lambda: self._first(contents, config, asked))
        chunk = first
        while chunk is not None:
            if reason := blocked(chunk):
                raise failed(asked, "blocked", f"blocks the prompt: {reason}")
            yield chunk
            chunk = self._next(stream, asked)

    def _first(self, contents: Any, config: types.GenerateContentConfig, asked: Asked) -> tuple[Any, Any]:
        """The first chunk, None for none, and the rest: only asking for the first makes the SDK send the request."""
        stream = self._client.models.generate_content_stream(model=self.model, contents=contents, config=config)
        return self._next(stream, asked, nonsense="request"), stream

    def _next(self, stream: Iterator[Any], asked: Asked, *, nonsense: Refusal = "broken") -> Mapping[str, Any] | None:
        with self._translated(asked, nonsense=nonsense):
            chunk = next(stream, None)
            if chunk is None:
                return None
            return table(chunk.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False))

    @contextmanager
    def _translated(self, asked: Asked, *, nonsense: Refusal = "broken") -> Iterator[None]:
        try:
            yield
        except _FOREIGN as e:
            raise self._error(e, asked, nonsense) from e

    def _error(self, e: Exception, asked: Asked, nonsense: Refusal) -> ProviderError:
        if self._line.closed:
            return failed(asked, "broken", "was hung up on")
        if isinstance(e, errors.APIError):
            error = refused(asked, _said(e))
            return with_models(error, self.model, self.models) if error.kind == "model" else error
        if found := fault(e, silence_s=self._line.silence_s):
            return failed(asked, *found)
        return failed(asked, nonsense, "answered with what is no answer of Gemini's")


def _client(to: Address, line: Line, key: str) -> genai.Client:
    """Everything that the SDK would look up in the environment is given, if only as nothing."""
    # It says on stderr which variable it takes its key from, whether it does or not.
    logging.getLogger("google_genai._api_client").setLevel(logging.ERROR)
    # Values that are newer than the SDK are no news for people.
    warnings.filterwarnings("ignore", message=".* is not a valid ", category=UserWarning)
    base, version = to.bare, _VERSION
    if found := re.fullmatch(r"(.*)/(v\d+(?:alpha|beta)?\d*)", base):
        base, version = found[1], found[2]
    options = types.HttpOptions(
        base_url=base,
        api_version=version,
        httpx_client=line.client,
        # Never used; without them the SDK reads all certificate authorities twice more.
        httpx_async_client=httpx2.AsyncClient(verify=line.tls, trust_env=False),
        async_client_args={"ssl": line.tls},
    )
    unrecorded = DebugConfig(client_mode=None, replays_directory=None, replay_id=None)
    try:
        return genai.Client(vertexai=False, api_key=key, debug_config=unrecorded, http_options=options)
    except ImportError as e:
        raise ConfigError(f"google-genai cannot be used: {e}", hint="unset GOOGLE_GENAI_HTTP_CLIENT") from e


def _build_models() -> None:
    """Have the SDK build now what it builds at first use: 50 ms that else lie between question and first word."""
    for model in (types.GenerateContentResponse, types.Candidate, types.Content, types.Part, types.FunctionCall):
        model.model_rebuild()
    types.GenerateContentResponseUsageMetadata.model_rebuild()
    _config("", (ToolSpec("none", "", {}),))


def _config(standing: str, tools: Sequence[ToolSpec]) -> types.GenerateContentConfig:
    declarations = [
        types.FunctionDeclaration(name=each.name, description=each.about, parameters_json_schema=dict(each.parameters))
        for each in tools
    ]
    return types.GenerateContentConfig(
        system_instruction=standing or None,
        tools=[types.Tool(function_declarations=declarations)] if declarations else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        # The SDK would send further requests by itself, unseen by the caps on steps and cost.
        automatic_continuation=False,
    )


def _said(e: errors.APIError) -> Said:
    """A refusal, in the stream or in its place, with what its details say about quotas and waiting."""
    body = table(e.details)
    error = table(body.get("error")) or body
    rows = error.get("details")
    details = [table(each) for each in rows] if isinstance(rows, list) else []
    code = " ".join(str(each) for each in (e.status, *(row.get("reason") for row in details)) if each)
    headers = getattr(e.response, "headers", None) or {}
    status = e.code if isinstance(e.code, int) else 0
    used_up = status == 429 and any("PerDay" in quota for quota in _quotas(details))
    retry_at = _next_reset() if used_up else _retry_at(details)
    words = str(e.message or "")
    if 300 <= status < 400:
        words = f"it redirects to {str(headers.get('location', '')).partition('?')[0]}"
    return Said(status, "" if "<html" in words[:500].lower() else words, code, headers, retry_at, used_up)


def _quotas(details: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for detail in details:
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            yield str(table(violation).get("quotaId", ""))


def _retry_at(details: Sequence[Mapping[str, Any]]) -> int | None:
    delays = (re.fullmatch(r"(\d+(?:\.\d+)?)s", str(detail.get("retryDelay", ""))) for detail in details)
    return next((now_ms() + round(float(found[1]) * SECOND) for found in delays if found), None)


def _next_reset() -> int:
    now = now_ms()
    return now + (_RESET_MS - now) % DAY
