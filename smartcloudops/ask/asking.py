"""A conversation from outside: questions in, events out; the session is kept, the providers' health remembered."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from smartcloudops.ask import apart, context, prompting, routing
from smartcloudops.ask.attachment import LONGEST, Attachment
from smartcloudops.ask.context import Context
from smartcloudops.ask.conversing import Limits, Sends, Talking
from smartcloudops.ask.events import Answer, Answered, Event, Looked, Told
from smartcloudops.ask.messages import Message, Results, System, Usage, User
from smartcloudops.ask.outgoing import Veil
from smartcloudops.ask.pricing import added
from smartcloudops.ask.providers import PROVIDERS, Provider
from smartcloudops.ask.routing import Rest, Route, Wanted
from smartcloudops.ask.sessions import SessionRow, Sessions
from smartcloudops.ask.toolbox import Toolbox
from smartcloudops.ask.tools import TOOLS
from smartcloudops.ask.world import World
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ProviderError, ScoError, Status, UsageError
from smartcloudops.core.times import now_ms

# Beyond the context's own limit: a child that is late by more has died.
_GRACE_S = 3.0


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage: imports make a hundred thousand objects that all stay, and looking at them again
    and again costs a tenth of the start."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(slots=True)
class Asking:
    """One conversation. `wanted` and `limits` hold for every question; `path`: metrics from a file.

    `environ`: where usual keys lie; `sessions` None keeps nothing.
    """

    config: Config
    wanted: Wanted = field(default_factory=Wanted)
    limits: Limits = field(default_factory=Limits)
    path: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], int] = now_ms
    sessions: Sessions | None = None
    attached: Sequence[Attachment] = ()
    session: str | None = None
    messages: list[Message] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    spent: float | None = 0.0
    last: Answer | None = None
    veil: Veil = field(init=False)
    toolbox: Toolbox = field(init=False)
    _context: Context | None = None
    _now: int = 0
    # The context was shown with a question that has not been asked yet: exactly that is to be sent.
    _shown: bool = False
    _question: str = ""
    _restored: tuple[Looked, ...] = ()
    _kept: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.veil = Veil(self.config.ask.mask)
        self.toolbox = Toolbox(World(self.config, self.path, self.clock), self.veil)

    def ask(self, question: str) -> Iterator[Event]:
        """Answer one question. Raises UsageError for one that is empty or too long; what the last provider raises
        where none answers."""
        question = self._checked(question)
        started, numbered = len(self.messages), self.toolbox.numbered
        route = self._route()
        yield from map(Told, routing.unused_keys(routing.names(self.config, self.wanted), self.environ))
        with _uncollected():
            numbered = self._prepare(route.first_name(), numbered)
        missing = [f"not looked at: {each}" for each in self._context.missing] if self._context else []
        yield from map(Told, missing)
        self.messages.append(User(self._sent(question)))
        self._question = question
        talking = self._talking(route, question, numbered)
        talking.notes += missing
        talking.status = Status.PARTIAL if missing else Status.DONE
        self.last = None
        try:
            for event in talking.answer():
                if isinstance(event, Answered):
                    self.last = event.answer
                else:
                    yield event
        except ScoError:
            del self.messages[started:]
            raise
        finally:
            self.attached = ()
            self.last = self.last or talking.summary()
            self._count(talking)
            kept = self._keep(started)
        if kept:
            yield Told(kept)
        yield Answered(replace(self.last, notes=(*self.last.notes, kept)) if kept else self.last)

    def retry(self) -> Iterator[Event]:
        """The last question again, as if it had not been answered."""
        places = [i for i, message in enumerate(self.messages) if isinstance(message, User)]
        if not places or not self._question:
            raise UsageError("there is no question to ask again", hint="type one")
        del self.messages[places[-1] :]
        return self.ask(self._question)

    def prompt(self, question: str) -> str:
        """Exactly what would leave the machine with the next request: instructions, context, conversation, tools."""
        from smartcloudops.ask import showing

        route = self._route()
        name = route.first_name()
        if self._context is None or question:
            self._gather(self.toolbox.numbered)
            self._shown = bool(question)
        sends = routing.sends(self.config, name)
        asked: list[Message] = [User(self._sent(question))] if question else []
        return showing.prompt(
            name,
            self._system(sends),
            [*self.messages, *asked],
            self.toolbox.offered(sends),
            self.toolbox.sends_of,
            sends,
        )

    def set_model(self, text: str) -> str:
        """`gemini`, `openai:MODEL`, `:MODEL`; "" changes nothing. A sentence about who answers now."""
        if text.strip():
            provider, _, model = text.strip().partition(":")
            if provider and provider not in PROVIDERS:
                raise UsageError(f"no provider named '{provider}'", hint=f"known: {', '.join(PROVIDERS)}")
            self.wanted = replace(self.wanted, provider=provider or self.wanted.provider, model=model or None)
        names = routing.names(self.config, self.wanted)
        found = routing.section(self.config, names[0])
        model_name = self.wanted.model or (found.model if found else "rules")
        then = f", then {', '.join(names[1:])}" if names[1:] else ""
        return f"{names[0]} ({model_name}) answers{then}"

    def tools(self) -> Sequence[tuple[str, str, str]]:
        """Each tool's name, what it does, and what of `send` its answers are, or why they are not offered."""
        name = self._route().first_name()
        sends = routing.sends(self.config, name)
        offered = {spec.name for spec in self.toolbox.offered(sends)}
        rows = []
        for key in TOOLS:
            tool = TOOLS.load(key)
            rows.append(
                (key, tool.about, tool.sends if key in offered else f"not offered: {name} is not sent {tool.sends}")
            )
        return rows

    def context(self) -> str:
        """What left the machine with the last request, or would with the next."""
        return self.prompt("")

    def looked(self) -> Sequence[Looked]:
        """Everything that was looked at in this conversation."""
        return (*self._restored, *self.toolbox.looked_at)

    def look_again(self, number: int) -> tuple[Looked, Looked]:
        """Evidence `number` as it was, and as it is now; UsageError where there is none."""
        known = {one.evidence.id: one for one in self.looked()}
        before = known.get(f"E{number}")
        if before is None:
            have = f"there are {', '.join(list(known)[:12])}" if known else "nothing was looked at yet"
            raise UsageError(f"there is no evidence {number}", hint=have)
        answer = self.toolbox.look_again(before)
        found = self.toolbox.looked(answer)
        if answer.is_error or not found:
            raise ScoError(f"evidence {number} cannot be had again: {answer.text}", hint=before.evidence.query)
        return before, next((one for one in found if one.evidence.query == before.evidence.query), found[0])

    def resume(self, session: str | None) -> str:
        """Go on with a session, the newest without a name; a sentence about it. UsageError where there is none."""
        if self.sessions is None:
            raise UsageError("no session is kept here", hint="leave out --no-save")
        stored = self.sessions.load(session)
        self.session, self.messages, self._restored = stored.id, list(stored.messages), tuple(stored.looked)
        self.veil.remember(stored.masks)
        self.toolbox.numbered = max((int(one.evidence.id[1:]) for one in stored.looked), default=0)
        self.toolbox.looked_at.clear()
        results = [message for message in self.messages if isinstance(message, Results)]
        self.toolbox.world.answered[:] = [answer for message in results for answer in message.answers]
        self._kept = {one.evidence.id for one in stored.looked}
        questions = [message.text for message in self.messages if isinstance(message, User)]
        self._question = questions[-1] if questions else ""
        lost = f"; not readable: {', '.join(stored.unread)}" if stored.unread else ""
        return f"session {stored.id}: {stored.title}{lost}"

    def list_sessions(self) -> Sequence[SessionRow]:
        """Sessions, the newest first."""
        return self.sessions.list() if self.sessions is not None else ()

    def clear(self) -> None:
        """Begin a new conversation."""
        self.messages.clear()
        self.toolbox.looked_at.clear()
        self.toolbox.world.answered.clear()
        self.session, self.toolbox.numbered, self._restored, self._question = None, 0, (), ""
        self._kept = set()

    def cost(self) -> str:
        """A sentence about tokens and money so far."""
        tokens = f"{self.usage.input:,} tokens sent, {self.usage.output:,} received"
        return f"{tokens}, {'price not known' if self.spent is None else f'${self.spent:.4f}'}"

    def transcript(self) -> str:
        """The conversation in Markdown."""
        from smartcloudops.ask import showing

        return self.veil.restore(showing.transcript(self.messages, self.looked()))

    def hosts(self) -> Sequence[str]:
        """Host names of the last context."""
        return tuple(self._context.facts.get("hosts", ())) if self._context else ()

    def metrics(self) -> Sequence[str]:
        """Names of watched metrics of the last context."""
        return tuple(one["name"] for one in self._context.facts.get("metrics", ())) if self._context else ()

    def _checked(self, question: str) -> str:
        question = question.strip()
        limit = self.config.ask.max_question
        if not question:
            raise UsageError("there is no question", hint="sco ask why is web-2 slow")
        if len(question) > limit:
            hint = "shorten it, give long text with -f FILE, or raise [ask] max_question"
            raise UsageError(f"the question has {len(question):,} characters; at most {limit:,} are taken", hint=hint)
        return question

    def _route(self) -> Route:
        resting = self.sessions.resting(self.clock()) if self.sessions is not None else {}
        known = {name: Rest(until, reason) for name, (until, reason) in self._resting_here(resting).items()}
        if self.wanted.provider:
            known.pop(self.wanted.provider, None)
        return Route(self.config, self.wanted, self.environ, known, self.clock())

    def _resting_here(self, resting: Mapping[tuple[str, str, str], tuple[int, str]]) -> dict[str, tuple[int, str]]:
        """Rests of the providers as they are configured now: another endpoint or model is another patient."""
        found = {}
        for (name, endpoint, model), rest in resting.items():
            section = routing.section(self.config, name) if name in PROVIDERS else None
            if section is not None and endpoint == (section.base_url or "") and model == (section.model or ""):
                found[name] = rest
        return found

    def _warm(self, name: str) -> threading.Thread:
        """Import the provider's library while the context is fetched; what is wrong with it shows when it is used."""

        def load() -> None:
            with suppress(ImportError):
                PROVIDERS.load(name)

        thread = threading.Thread(target=load, name=f"import of {name}", daemon=True)
        thread.start()
        return thread

    def _prepare(self, provider: str, numbered: int) -> int:
        """Load the provider and look at what is going on, both at once; how much evidence there was before that."""
        apart_too = provider != routing.OFFLINE and not self._shown and apart.is_possible()
        if not apart_too:
            warm = self._warm(provider)
            numbered = self._gather(numbered)
            warm.join()
            return numbered
        self.toolbox.begin()
        self._now = self.clock()
        child = apart.begin(lambda: (self._look(), self.toolbox.known()))
        self._warm(provider).join()
        found = child.result(self.config.ask.context_ms / 1000 + _GRACE_S)
        if found is None:
            return self._gather(numbered)
        self._context, known = found
        self.toolbox.take_over(known)
        return numbered

    def _gather(self, numbered: int) -> int:
        """Look at what is going on now, unless that was just shown; how much evidence there was before it."""
        shown, self._shown = self._shown, False
        if shown and self._context is not None:
            return numbered - len(self._context.looked)
        self.toolbox.begin()
        self._now = self.clock()
        self._context = self._look()
        return numbered

    def _look(self) -> Context:
        return context.gather(self.toolbox.world, self.toolbox, budget_ms=self.config.ask.context_ms)

    def _sent(self, question: str) -> str:
        return "\n\n".join([self.veil.hide(question), *(each.fenced(self.veil) for each in self.attached)])

    def _system(self, sends: Sends) -> System:
        found = self._context
        assert found is not None
        text = found.text_for(sends)
        facts = dict(found.facts) if sends is None else {}
        instructions = self.config.ask.instructions
        return prompting.system(text, facts, instructions=instructions, veil=self.veil, now=self._now)

    def _talking(self, route: Route, question: str, numbered: int) -> Talking:
        assert self._context is not None
        said = "\n".join([question, *(each.text[:LONGEST] for each in self.attached)])
        return Talking(
            self.messages,
            self._system,
            route,
            self.toolbox,
            self.limits,
            looked=self.looked,
            since=numbered,
            question=said,
            own=self._own(),
            began=self._introduced,
            failed=self._failed,
            worked=self._worked,
        )

    def _count(self, talking: Talking) -> None:
        self.usage = added(self.usage, talking.usage)
        self.spent = None if talking.cost is None or self.spent is None else self.spent + talking.cost

    def _own(self) -> tuple[str, ...]:
        """Addresses of the user's own that may stand in an answer as they are."""
        return (self.config.prometheus.url,) if self.config.prometheus.url else ()

    def _introduced(self, provider: Provider) -> str:
        """What a person should hear once of each endpoint: what goes there."""
        sends = routing.sends(self.config, provider.name)
        if sends is None or not provider.where or self.sessions is None:
            return ""
        what = " and ".join(sends) or "no data"
        try:
            is_new = self.sessions.introduce(provider.name, provider.where, what)
        except ScoError:
            is_new = True
        hint = f"[ask.{provider.name}] send changes that, --dry-run shows it"
        return f"your question with {what}, secrets masked, goes to {provider.where} ({hint})" if is_new else ""

    def _failed(self, provider: Provider, error: ProviderError) -> None:
        rest = routing.rest_of(error, self.clock())
        if rest is not None and self.sessions is not None:
            with suppress(ScoError):
                self.sessions.rest(*self._key(provider), rest.until, rest.reason)

    def _worked(self, provider: Provider) -> None:
        if self.sessions is not None and provider.where:
            with suppress(ScoError):
                self.sessions.rested(*self._key(provider))

    def _key(self, provider: Provider) -> tuple[str, str, str]:
        section = routing.section(self.config, provider.name)
        return provider.name, (section.base_url or "") if section else "", provider.model

    def _keep(self, started: int) -> str:
        """Store what is new; a sentence where that failed: the answer is there all the same."""
        if self.sessions is None or len(self.messages) <= started:
            return ""
        fresh = [one for one in self.toolbox.looked_at if one.evidence.id not in self._kept]
        try:
            if self.session is None:
                self.session = self.sessions.begin(self._question, self.clock())
            new, model = self.messages[started:], self.last.model if self.last else ""
            self.sessions.append(self.session, new, fresh, self.clock(), model=model, masks=self.veil.masks)
            self._kept |= {one.evidence.id for one in fresh}
        except ScoError as e:
            return f"this session is not kept: {e.message}"
        return ""
