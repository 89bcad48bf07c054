"""OpenAI, and every server that speaks its Chat Completions: Azure, Ollama, vLLM, llama.cpp, LM Studio, OpenRouter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import openai

from smartcloudops.ask.messages import Delta, Messages, ToolSpec, Usage
from smartcloudops.ask.providers import Dialling
from smartcloudops.ask.providers.completions import conversation, declared, deltas
from smartcloudops.ask.providers.line import Line, address, fault
from smartcloudops.ask.providers.refusals import Asked, Said, failed, refused, with_models
from smartcloudops.ask.providers.turns import table
from smartcloudops.core.address import Address
from smartcloudops.core.errors import ProviderError, Refusal
from smartcloudops.core.settings import OpenAI as Settings

OFFICIAL = "https://api.openai.com/v1"
_SECTION = "ask.openai"
# What the official endpoint bills to, from the variables that its users know; nobody else hears of it.
_ACCOUNT = frozenset({"openai-organization", "openai-project"})
# What the SDK, its transport (RuntimeError: it is closed) and JSON raise where no answer is to be had.
_FOREIGN = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, RuntimeError, OSError, ValueError)


class OpenAI:
    """The provider `openai`."""

    name = "openai"

    def __init__(self, dialling: Dialling) -> None:
        """Raises ConfigError: no key for the official endpoint, or a base URL that is none."""
        to = address(dialling, OFFICIAL, _SECTION)
        self.model = dialling.model or Settings().model or ""
        self.where = to.shown
        # A server of one's own that asks for no key takes any.
        key = dialling.key or "none"
        official = to.origin == urlsplit(OFFICIAL)._replace(path="").geturl()
        self._line = Line(
            to,
            headers={"authorization": f"Bearer {key}"},
            silence_s=dialling.timeout_s,
            keep=_ACCOUNT if official else frozenset(),
        )
        self._client = _client(to, self._line, key, official=official)
        # Whether the server takes `stream_options`; some refuse what they do not know.
        self._counts = True

    def reply(self, messages: Messages, tools: Sequence[ToolSpec]) -> Iterator[Delta]:
        """One turn; raises ProviderError."""
        asked = Asked(self.name, self.where, self.model, tools=bool(tools))
        body: dict[str, Any] = {"model": self.model, "messages": conversation(messages, self.where), "stream": True}
        if tools:
            body["tools"] = [declared(tool) for tool in tools]
        said = False
        with self._line.use():
            chunks = self._line.twice(lambda: self._first(body, asked))
            with self._translated(asked):
                for delta in deltas(chunks, self.where):
                    said = said or not isinstance(delta, Usage)
                    yield delta
        if not said:
            raise failed(asked, "broken", "ended its answer before it said anything")

    def models(self) -> Sequence[str]:
        """The ids of all models there, sorted; () where the server has no list."""
        with self._line.use(), self._translated(Asked(self.name, self.where, self.model)):
            try:
                page = table(self._client.get("/models", cast_to=object))
            except openai.APIStatusError as e:
                if e.status_code in (404, 405, 501):
                    return ()
                raise
        rows = page.get("data")
        found = [table(each).get("id") for each in rows] if isinstance(rows, list) else []
        return sorted({str(each) for each in found if each})

    def close(self) -> None:
        """Hang up; nothing can be asked after it."""
        self._line.hang_up()

    def _first(self, body: Mapping[str, Any], asked: Asked) -> Iterator[Mapping[str, Any]]:
        """All chunks, once the first has come: until then nothing is lost by asking again."""
        with self._translated(asked, nonsense="request"):
            chunks = _chunks(self._open(body), asked)
            first = next(chunks, None)
        return chain(() if first is None else (first,), chunks)

    def _open(self, body: Mapping[str, Any]) -> openai.Stream[object]:
        options = {"stream_options": {"include_usage": True}} if self._counts else {}
        try:
            return self._post({**body, **options})
        except openai.APIStatusError as e:
            if not (self._counts and e.status_code in (400, 422) and "stream_options" in str(e.body)):
                raise
        self._counts = False
        return self._post(body)

    def _post(self, body: Mapping[str, Any]) -> openai.Stream[object]:
        # `chat.completions.create` does this and no more, once it has imported 70 ms of models for what is plain JSON.
        return self._client.post(
            "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=openai.Stream[object]
        )

    @contextmanager
    def _translated(self, asked: Asked, *, nonsense: Refusal = "broken") -> Iterator[None]:
        try:
            yield
        except _FOREIGN as e:
            raise self._error(e, asked, nonsense) from e

    def _error(self, e: Exception, asked: Asked, nonsense: Refusal) -> ProviderError:
        if self._line.closed:
            return failed(asked, "broken", "was hung up on")
        if isinstance(e, openai.APIStatusError):
            error = refused(asked, _said(e))
            return with_models(error, self.model, self.models) if error.kind == "model" else error
        if found := fault(e, silence_s=self._line.silence_s):
            return failed(asked, *found)
        if isinstance(e, openai.APIError):
            return refused(asked, _in_band(e.body))
        return failed(asked, nonsense, "answered with what is no chat completion")


def _client(to: Address, line: Line, key: str, *, official: bool) -> openai.OpenAI:
    # Everything that the SDK would look up in the environment is given, if only as nothing.
    account = None if official else ""
    return openai.OpenAI(
        api_key=key,
        admin_api_key="",
        webhook_secret="",
        organization=account,
        project=account,
        base_url=to.bare,
        default_query=dict(parse_qsl(urlsplit(to.whole).query)),
        timeout=line.silence_s,
        max_retries=0,
        http_client=line.client,
    )


def _chunks(stream: openai.Stream[object], asked: Asked) -> Iterator[Mapping[str, Any]]:
    """The chunks as plain tables; of a server that does not stream, the one that it sends."""
    kind = stream.response.headers.get("content-type", "")
    if "html" in kind:
        raise failed(asked, "request", f"answered with {kind}, which is a page for people")
    if "application/json" in kind:
        stream.response.read()
    for chunk in map(table, [stream.response.json()] if "application/json" in kind else stream):
        if chunk.get("error") or chunk.get("object") == "error":
            raise refused(asked, _in_band(chunk.get("error") or chunk))
        yield chunk


def _said(e: openai.APIStatusError) -> Said:
    """An answer with a status of its own."""
    words, code = _words(e.body)
    if 300 <= e.status_code < 400:
        words = f"it redirects to {urlsplit(e.response.headers.get('location', ''))._replace(query='').geturl()}"
    return Said(e.status_code, words or e.response.reason_phrase, code, e.response.headers)


def _in_band(error: object) -> Said:
    """An error in place of a chunk; its code may be a status."""
    words, code = _words(error)
    first = code.partition(" ")[0]
    status = int(first) if first.isdecimal() and 400 <= int(first) < 600 else 0
    return Said(status, words or "an error without words", code)


def _words(body: object) -> tuple[str, str]:
    """The server's words and codes, wherever in the body they stand."""
    error = table(body).get("error") or body
    if isinstance(error, str):
        return ("" if "<html" in error[:500].lower() else error), ""
    fields = table(error)
    words = fields.get("message") or fields.get("detail") or ""
    inner = table(fields.get("innererror"))
    codes = (fields.get("code"), fields.get("type"), fields.get("status"), inner.get("code"))
    return str(words), " ".join(str(code) for code in codes if code)
