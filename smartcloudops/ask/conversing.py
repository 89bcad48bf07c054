"""The bounded loop: a turn of the provider, the tools it calls, and again, until it calls none; failover before the
first word is shown, never after."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from smartcloudops.ask import pricing, routing, withholding
from smartcloudops.ask.accumulate import Accumulator
from smartcloudops.ask.events import Answer, Answered, Called, Calling, Event, Looked, Said, Started, Told
from smartcloudops.ask.incoming import Cleaner
from smartcloudops.ask.messages import Assistant, Message, Messages, Results, System, ToolAnswer, ToolSpec, Usage
from smartcloudops.ask.providers import Provider
from smartcloudops.ask.routing import Route
from smartcloudops.ask.toolbox import Toolbox
from smartcloudops.core.errors import ProviderError, Status, UnreachableError, UsageError, worst

Sends = tuple[str, ...] | None
_CITED = re.compile(r"\bE\d+\b")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one answer: requests to providers, USD, seconds."""

    max_steps: int = 8
    max_cost: float | None = None
    timeout_s: float = 180.0


@dataclass(slots=True)
class Talking:
    """One answer under way. `messages` grows by every turn; its last User is the question.

    `system` makes what goes before them, by what a provider may be sent; `looked` gives all evidence of the
    conversation, of which this answer's is numbered beyond `since`; `own` are addresses that may stand in an answer.
    `began` is called with each provider before it is asked, and what it returns is told; `failed` with each that failed
    and why, `worked` with the one that answered: they keep the providers' health.
    """

    messages: list[Message]
    system: Callable[[Sends], System]
    route: Route
    toolbox: Toolbox
    limits: Limits
    looked: Callable[[], Sequence[Looked]] = tuple
    since: int = 0
    question: str = ""
    own: Sequence[str] = ()
    began: Callable[[Provider], str] = lambda provider: ""
    failed: Callable[[Provider, ProviderError], None] = lambda provider, error: None
    worked: Callable[[Provider], None] = lambda provider: None
    monotonic: Callable[[], float] = time.monotonic
    provider: Provider | None = None
    text: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    called: list[ToolAnswer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    status: Status = Status.DONE
    _spoken: str = ""
    _knew: tuple[str, ...] = ()
    _deadline: float = 0.0

    def answer(self) -> Iterator[Event]:
        """Every event up to Answered. Raises the last provider's error where none answers, KeyboardInterrupt as it
        comes; what was said until then is in `messages`, marked as interrupted."""
        self._deadline = self.monotonic() + self.limits.timeout_s
        yield from self._next(None)
        try:
            yield from self._steps()
        except (KeyboardInterrupt, GeneratorExit):
            self._keep_partial()
            raise
        finally:
            if self.provider is not None:
                self.provider.close()
        yield Answered(self.summary())

    def summary(self) -> Answer:
        """The answer as it stands."""
        # Not needed before there is an answer, and a tenth of a second to load.
        from smartcloudops.ask import grounding

        provider, looked = self.provider, self.looked()
        cited = set(_CITED.findall(self.text))
        return Answer(
            text=self.text,
            provider=provider.name if provider else "",
            model=provider.model if provider else "",
            looked=tuple(one for one in looked if one.evidence.id in cited or int(one.evidence.id[1:]) > self.since),
            called=tuple(self.called),
            numbers=grounding.check(self.text, [one.evidence for one in looked], said=self.question),
            usage=self.usage,
            cost_usd=self.cost,
            interrupted=self.interrupted,
            notes=tuple(self.notes),
            status=self.status,
        )

    def _steps(self) -> Iterator[Event]:
        for step in range(1, self.limits.max_steps + 1):
            tools = self._tools() if step < self.limits.max_steps and not self._spent() else []
            turn = yield from self._turn(tools)
            self.messages.append(turn)
            if not turn.calls or turn.interrupted:
                return
            if not tools:
                yield self._note(f"stopped after {step} requests (--max-steps)", Status.PARTIAL)
                self.messages[-1] = replace(turn, calls=(), native=None)
                return
            yield from self._look(turn)
            if self._left() <= 0:
                yield self._note(f"stopped after {self.limits.timeout_s:g} s (--timeout)", Status.PARTIAL)
                return

    def _tools(self) -> list[ToolSpec]:
        assert self.provider is not None
        return self.toolbox.offered(routing.sends(self.route.config, self.provider.name))

    def _look(self, turn: Assistant) -> Iterator[Event]:
        """Run the turn's calls; a call that nobody could run is answered like any other."""
        assert self.provider is not None
        for call in turn.calls:
            yield Calling(call)
        answers = []
        sends = routing.sends(self.route.config, self.provider.name)
        for called in self.toolbox.run(turn.calls, sends=sends):
            answers.append(called.answer)
            self.called.append(called.answer)
            yield Called(called.answer, called.took_ms)
        self.messages.append(Results(tuple(answers)))

    def _turn(self, tools: Sequence[ToolSpec]) -> Generator[Event, None, Assistant]:
        """One turn, by the next provider where this one fails with nothing shown yet. Returns the Assistant."""
        while True:
            assert self.provider is not None
            try:
                turn = yield from self._heard(tools)
            except ProviderError as e:
                if e.kind == "no_tools" and tools:
                    tools = []
                    yield self._note(f"{self.provider.model} takes no tools; it answers from the live context alone")
                    continue
                self.failed(self.provider, e)
                if self.text.strip() or not self.route.wanted.fallback:
                    if not self.text.strip():
                        raise
                    return self._broken(e)
                yield from self._next(e)
            else:
                self.worked(self.provider)
                return turn

    def _heard(self, tools: Sequence[ToolSpec]) -> Generator[Event, None, Assistant]:
        """Everything a provider says in one turn; ProviderError where that is nothing."""
        provider = self.provider
        assert provider is not None
        heard, cleaner, restorer = Accumulator(), Cleaner(own=self.own), self.toolbox.veil.restorer()
        self._spoken, self._knew = "", self._known(provider)
        watch = threading.Timer(max(self._left(), 0.001), provider.close)
        watch.daemon = True
        watch.start()
        try:
            for delta in provider.reply(self._outgoing(provider), tools):
                if shown := cleaner.feed(restorer.feed(heard.take(delta))):
                    yield self._say(shown)
            if shown := cleaner.feed(restorer.flush()) + cleaner.flush():
                yield self._say(shown)
        except ProviderError as e:
            if self._spoken and (shown := cleaner.feed(restorer.flush()) + cleaner.flush()):
                yield self._say(shown)
            if self._left() <= 0:
                what = f"{provider.name} had not answered after {self.limits.timeout_s:g} s"
                raise ProviderError(what, kind="stalled", hint="a longer --timeout, or another --provider") from e
            raise
        finally:
            watch.cancel()
            self._count(heard.usage)
        turn = replace(heard.turn(provider.name), knew=self._knew)
        yield from self._judge(heard, turn)
        return turn

    def _outgoing(self, provider: Provider) -> Messages:
        """The conversation as this provider may see it."""
        sends = routing.sends(self.route.config, provider.name)
        return [self.system(sends), *withholding.permitted(self.messages, self.toolbox.sends_of, sends)]

    def _known(self, provider: Provider) -> tuple[str, ...]:
        sends = routing.sends(self.route.config, provider.name)
        return tuple(sorted(withholding.known_to(self.messages, self.toolbox.sends_of, sends)))

    def _judge(self, heard: Accumulator, turn: Assistant) -> Iterator[Event]:
        """ProviderError for a turn that is empty; a note on one that was cut off."""
        assert self.provider is not None
        reason = heard.finish.reason if heard.finish else "unknown"
        if reason == "length" and not turn.calls:
            yield self._note("the answer is cut off: the model's limit of output is reached", Status.PARTIAL)
        if turn.text.strip() or turn.calls:
            return
        detail = f": {heard.finish.detail}" if heard.finish and heard.finish.detail else ""
        if reason == "blocked":
            raise ProviderError(f"{self.provider.name} blocked the answer{detail}", kind="blocked")
        raise ProviderError(
            f"{self.provider.name} ({self.provider.model}) answered with nothing{detail}", kind="broken"
        )

    def _say(self, text: str) -> Said:
        if self.text and not self._spoken:
            text = f"\n\n{text.lstrip()}" if not self.text.endswith("\n\n") else text
        self._spoken += text
        self.text += text
        return Said(text)

    def _broken(self, e: ProviderError) -> Assistant:
        """What was said before a stream broke; shown already, so nobody else may begin anew."""
        assert self.provider is not None
        self.interrupted = True
        self.notes.append(f"interrupted: {e.message}")
        self.status = worst(self.status, Status.PARTIAL)
        return self._partial(self._heard_so_far())

    def _next(self, error: ProviderError | None) -> Iterator[Event]:
        """Hand over to the next provider of the route; raises `error`, or why none could be asked, without one."""
        before = self.provider
        if before is not None:
            before.close()
        self.provider = self.route.next()
        passed, self.route.told = self.route.told, []
        if error is not None and before is not None:
            after = f"; {self.provider.name} answers instead" if self.provider else ""
            yield self._note(f"{error.message}{after}", Status.PARTIAL)
        for told in passed:
            yield self._note(told, Status.PARTIAL)
        if self.provider is None:
            self.provider = before
            raise (
                error
                or self.route.error
                or UnreachableError("no provider is left to ask", hint="sco ask --provider offline")
            )
        if introduced := self.began(self.provider):
            yield Told(introduced)
        yield Started(self.provider.name, self.provider.model, self.provider.where)

    def _note(self, text: str, status: Status = Status.DONE) -> Told:
        self.notes.append(text)
        self.status = worst(self.status, status)
        return Told(text)

    def _keep_partial(self) -> None:
        """Leave the conversation as one that can go on: no call without its answer, what was said marked as cut off."""
        self.interrupted = True
        last = self.messages[-1]
        if isinstance(last, Assistant):
            if last.calls:
                self.messages.pop()
        elif not self._spoken:
            return
        if self._spoken.strip() and not isinstance(self.messages[-1], Assistant):
            self.messages.append(self._partial(self._heard_so_far().strip()))

    def _partial(self, text: str) -> Assistant:
        name = self.provider.name if self.provider else ""
        return Assistant(text, provider=name, interrupted=True, knew=self._knew)

    def _heard_so_far(self) -> str:
        """What was shown of this turn, with its masks back on: it goes to providers again."""
        return self.toolbox.veil.hide(self._spoken)

    def _count(self, usage: Usage) -> None:
        assert self.provider is not None
        self.usage = pricing.added(self.usage, usage)
        price = self._price()
        self.cost = None if price is None or self.cost is None else self.cost + price.of(usage)

    def _price(self) -> pricing.Price | None:
        assert self.provider is not None
        name = self.provider.name
        return pricing.price_of(name, self.provider.model, routing.section(self.route.config, name))

    def _spent(self) -> bool:
        """Whether the cost allows no further look; UsageError where it cannot be known."""
        if self.limits.max_cost is None:
            return False
        if self._price() is None or self.cost is None:
            assert self.provider is not None
            hint = f"[ask.{self.provider.name}] price_input and price_output, or leave out --max-cost"
            raise UsageError(f"the price of {self.provider.model} is not known, so its cost has no limit", hint=hint)
        return self.cost >= self.limits.max_cost

    def _left(self) -> float:
        return self._deadline - self.monotonic()
