"""Where a text names hosts and their parts, known ones and such that nothing is known of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from smartcloudops.ask.grounding.binding import Mention
from smartcloudops.ask.grounding.known import Whose

_TOKEN = re.compile(r"[A-Za-z0-9_/][\w.\-/:@=]*")
# What looks like the name of a host but is none.
_OTHER = re.compile(
    r"(?i)[ep]\d+(\..*)?|v\d.*|ipv\d|http\d?|s3|ec2|k8s|gpt-.*|utf-\d+|iso-\d+|sha-?\d+|md5|tls\d?|load\d+"
)


class Names:
    """Everything that a sentence may call a host, or a part of one."""

    def __init__(self, whose: Iterable[Whose]) -> None:
        every = list(whose)
        self.hosts = _with_short({atom for one in every for atom in one.hosts})
        self.parts = {atom: atom for one in every for atom in one.parts if atom not in self.hosts}
        numbered = [host for host in self.hosts if any(c.isdigit() for c in host)]
        self._shapes = {_shape(host) for host in numbered}
        self._stems = {_stem(host) for host in numbered}
        self._odd = [atom for atom in (*self.hosts, *self.parts) if not _TOKEN.fullmatch(atom)]

    def hosts_in(self, text: str) -> list[Mention]:
        """Hosts in order; one that no evidence knows has a key of its own."""
        return sorted([*self._found(text, self.hosts, strange=True), *self._odd_in(text, self.hosts)], key=_at)

    def parts_in(self, text: str) -> list[Mention]:
        """Mounts, devices and whatever else tells values of one host apart."""
        return sorted([*self._found(text, self.parts, strange=False), *self._odd_in(text, self.parts)], key=_at)

    def _found(self, text: str, known: dict[str, str], *, strange: bool) -> Iterator[Mention]:
        for token in _TOKEN.finditer(text):
            yield from self._of_token(token[0].lower(), token.start(), known, strange=strange)

    def _of_token(self, token: str, start: int, known: dict[str, str], *, strange: bool) -> Iterator[Mention]:
        bare = token.rstrip(".,:;-/=") if len(token) > 1 else token
        for name in (bare, re.sub(r":\d+$", "", bare)):
            if name in known:
                yield Mention(start, start + len(name), frozenset({known[name]}))
                return
        pieces = list(re.finditer(r"[^/:=]+", bare))
        if len(pieces) > 1 and any(piece[0] in known for piece in pieces):
            for piece in pieces:
                yield from self._of_token(piece[0], start + piece.start(), known, strange=strange)
        elif strange and self._is_strange(bare):
            yield Mention(start, start + len(bare), frozenset({f"?{bare}"}))

    def _is_strange(self, token: str) -> bool:
        """Whether it looks like the known hosts, numbers aside, and is none of them."""
        if not any(c.isdigit() for c in token) or _OTHER.fullmatch(token) or token in self.parts:
            return False
        alike = "-" in token or token.count(".") == 3
        if not (token[:1].isalpha() or token.count(".") == 3):
            return False
        return _stem(token) in self._stems or (alike and _shape(token) in self._shapes)

    def _odd_in(self, text: str, known: dict[str, str]) -> Iterator[Mention]:
        low = text.lower()
        for atom in self._odd:
            at = low.find(atom) if atom in known else -1
            while at >= 0:
                yield Mention(at, at + len(atom), frozenset({known[atom]}))
                at = low.find(atom, at + len(atom))


def _at(one: Mention) -> int:
    return one.start


def _shape(name: str) -> str:
    return re.sub(r"\d+", "9", re.sub(r"[a-z]+", "a", name))


def _stem(name: str) -> str:
    return re.sub(r"\d+", "9", name)


def _with_short(hosts: set[str]) -> dict[str, str]:
    """Every host by its name, and by its first label where no other begins with it."""
    found = {host: host for host in hosts}
    short: dict[str, list[str]] = {}
    for host in hosts:
        first = host.partition(".")[0]
        if first != host and not first.isdigit() and first:
            short.setdefault(first, []).append(host)
    return {**{name: same[0] for name, same in short.items() if len(same) == 1}, **found}
