"""What leaves the machine: without secrets, with masks for what the user wants masked, outside data between marks that
it cannot forge."""

from __future__ import annotations

import ipaddress
import re
import secrets
import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from smartcloudops.ask.invisible import without_invisible
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable

_EMAIL = re.compile(
    r"(?<![\w.%+-])[\w.%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-]|\.[A-Za-z0-9])"
)
# Dotted, as cloud hosts have it in their names, and with colons.
_IP = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)(?![A-Za-z_])"
    r"|(?<=\bip-)\d{1,3}(?:-\d{1,3}){3}(?!\d)"
    r"|(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:.]{2,45}(?![\w:])"
)
_MASKED = re.compile(r"<(email|ip)-(\d{1,7})>")
# What may still become a mask when more text comes.
_MASK_BEGUN = re.compile(r"<(?:e(?:m(?:a(?:i(?:l(?:-\d{0,7})?)?)?)?)?|i(?:p(?:-\d{0,7})?)?)?\Z")


class Veil:
    """Hides from a provider what is secret, for ever, and what the user wants masked, until it comes back.

    `mask` holds `email` and `ip`. The same address gets the same mask in the whole conversation.
    """

    def __init__(self, mask: Sequence[str] = ()) -> None:
        self._kinds = tuple(mask)
        self._masks: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def hide(self, text: str) -> str:
        """The text as it may be sent; doing it again changes nothing."""
        text = redact(text)
        if not self._kinds:
            return text
        with self._lock:
            text = _MASKED.sub(self._genuine, text)
            if "email" in self._kinds:
                text = _EMAIL.sub(lambda found: self._mask("email", found[0]), text)
            if "ip" in self._kinds:
                text = _IP.sub(self._hidden_ip, text)
        return text

    def restore(self, text: str) -> str:
        """Masks back to what they stand for: for the user's own terminal and the arguments of tools.

        Secrets are not kept and cannot come back.
        """
        return _MASKED.sub(lambda found: self._values.get(found[0], found[0]), text) if self._values else text

    def restorer(self) -> Restorer:
        """The same for text that comes in pieces."""
        return Restorer(self)

    @property
    def masks(self) -> Mapping[str, str]:
        """What each mask stands for, to go on with another time."""
        return dict(self._values)

    def remember(self, masks: Mapping[str, str]) -> None:
        """Masks of a session that goes on: they keep their meaning, and no other address gets one of them."""
        with self._lock:
            for mask, value in masks.items():
                kind, _, number = mask.strip("<>").partition("-")
                self._values[mask] = value
                self._masks[_same(kind, value)] = mask
                self._numbers[kind] = max(self._numbers[kind], int(number))

    def _genuine(self, found: re.Match[str]) -> str:
        """Data that only looks like one of our masks must not be restored to somebody's address."""
        return found[0] if found[0] in self._values else f"({found[1]}-{found[2]})"

    def _hidden_ip(self, found: re.Match[str]) -> str:
        text = found[0].rstrip(".")
        text = text[:-1] if text.endswith(":") and not text.endswith("::") else text
        try:
            address = ipaddress.ip_address(text.replace("-", "."))
        except ValueError:
            return found[0]
        if address.is_loopback or address.is_unspecified:
            return found[0]
        return self._mask("ip", text) + found[0][len(text) :]

    def _mask(self, kind: str, text: str) -> str:
        same = _same(kind, text)
        if same not in self._masks:
            self._numbers[kind] += 1
            mask = f"<{kind}-{self._numbers[kind]}>"
            self._masks[same], self._values[mask] = mask, text
        return self._masks[same]


def _same(kind: str, text: str) -> str:
    """One form for all ways of writing an address; the dashes of a host's name have to come back as dashes."""
    return text.lower() if kind == "email" or "-" in text else str(ipaddress.ip_address(text))


class Restorer:
    """Restores masks in text that comes in pieces; holds back no more than what may be the begin of a mask."""

    def __init__(self, veil: Veil) -> None:
        self._veil = veil
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown now."""
        text = self._held + text
        begun = _MASK_BEGUN.search(text, max(0, len(text) - 16))
        self._held = text[begun.start() :] if begun else ""
        return self._veil.restore(text[: begun.start()] if begun else text)

    def flush(self) -> str:
        """The rest."""
        text, self._held = self._held, ""
        return self._veil.restore(text)


# Nobody outside this process knows it; what comes in with it has got it from a model, and loses it.
_NONCE = secrets.token_hex(4)
_LOOK_ALIKE = re.compile(rf"<{{3,}}|>{{3,}}|{_NONCE}")
_NOT_ASCII_BRACKETS = re.compile("[«‹＜〈⟨《≪⋘❮]{3,}|[»›＞〉⟩》≫⋙❯]{3,}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Chat templates turn these into a change of speaker. Only their first bracket goes, so that what stands inside of one
# another does not become one.
_TEMPLATE = re.compile(
    r"<(?=[|｜])|(?<=[|｜])>|<(?=/?(?:s|bos|eos|pad|unk)/?>)|"
    r"<(?=/?(?:think|thinking|system|user|assistant|human|tool_calls?|tool_response|tool_results?|tools?|functions?|"
    r"function_calls?|function_results?|invoke|parameter|start_of_turn|end_of_turn|start_header_id|end_header_id|eot_id|"
    r"im_start|im_end|instructions?)[\s/>])|"
    r"\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYS)\])|<(?=</?SYS>>)",
    re.IGNORECASE,
)


def fenced(text: str, source: str) -> str:
    """Data from outside between marks that carry a random number of this process; `source` names it in one line."""
    label = harmless(printable(without_invisible(source)))[:80]
    return f"<<<data {_NONCE} from {label}>>>\n{harmless(text)}\n<<<end of data {_NONCE}>>>"


def harmless(text: str) -> str:
    """The text without what only a machine would read: invisible characters, controls, chat templates, our marks."""
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", without_invisible(text).replace("\r\n", "\n"))
    text = _TEMPLATE.sub(lambda found: ")" if found[0] == ">" else "(", text)
    text = _NOT_ASCII_BRACKETS.sub(lambda found: found[0][:2], text)
    return _LOOK_ALIKE.sub(lambda found: found[0][:2] if found[0][0] in "<>" else "(mark)", text)
