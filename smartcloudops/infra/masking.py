"""What is secret in Terraform's JSON: by its place, by its name, and as text wherever else it stands. Pure.

Terraform marks a secret where the configuration put it, and not where a provider repeats it (`tags_all`), nor inside of
a longer text. So every secret text of a document is collected first, and masked in all of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from typing import Any
from urllib.parse import quote

from smartcloudops.core.redact import MASK, redact
from smartcloudops.infra.records import MASKED
from smartcloudops.infra.scripts import SUSPICIOUS, secret_lines, unpacked

# Shorter texts are masked where they stand alone, and the shortest by their place only: "1" is everywhere.
_SHORTEST_INSIDE, _SHORTEST = 6, 3
# What only has a secret's name may be a word of everyday: it is masked elsewhere from this length on.
_SHORTEST_NAMED = 8
_KEY = secrets.token_bytes(16)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:passwords?|passwd|passphrase|secrets?|tokens?|credentials?|(?:private|secret|access|api|auth|client)_key)"
    r"(?:_(?:value|string|binary|data|base64|pem|wo))?$"
)
# `http_tokens` says whether IMDSv1 is allowed.
_HARMLESS = frozenset({"http_tokens", "get_password_data"})
_SCRIPTS = frozenset({"user_data", "user_data_base64", "custom_data", "startup_script"})
_HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Sealed:
    """Stands for a value that must not be seen; two are equal where the values are. `shown`: what is said of it."""

    shown: str
    digest: bytes = field(repr=False)


@lru_cache(4096)
def is_secret_name(name: str) -> bool:
    """Whether what has such a name is a secret, whoever marked it.

    >>> [is_secret_name(n) for n in ("db_password", "secretKey", "secret_arn", "http_tokens", "kms_key_id")]
    [True, True, False, False, False]
    """
    snake = _CAMEL.sub("_", name).replace("-", "_").replace(".", "_").lower()
    return snake not in _HARMLESS and _SECRET_NAME.search(snake) is not None


@dataclass(frozen=True, slots=True)
class Veil:
    """Masks one document: `texts` are its secrets, as `texts_in` finds them."""

    texts: tuple[str, ...]
    _masked: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _scripts: dict[str, Sealed] = field(default_factory=dict, repr=False, compare=False)

    def sealed(self, value: Any, sensitive: Any = False, name: str = "") -> Any:
        """The value with `Sealed` for each secret in it. `sensitive` is Terraform's tree of marks: True, or by part."""
        if sensitive is True:
            return None if value is None else seal(value)
        if isinstance(value, dict):
            below = _is_secret_block(name)
            return {
                self.text(key): self.sealed(each, _below(sensitive, key) or below, key) for key, each in value.items()
            }
        if isinstance(value, list):
            return [self.sealed(each, _below(sensitive, number), name) for number, each in enumerate(value)]
        return self._leaf(value, name) if isinstance(value, str) and value else value

    def _leaf(self, value: str, name: str) -> Any:
        if name in _SCRIPTS:
            if value not in self._scripts:
                self._scripts[value] = _script(value)
            return self._scripts[value]
        if is_secret_name(name):
            return seal(value)
        found = self._json(value) if value[0] in "{[" else None
        masked = self.text(value) if found is None else found
        # Sealed, so that two texts that look alike with their secrets masked are still told apart.
        return value if masked == value else seal(value, masked)

    def _json(self, value: str) -> str | None:
        """JSON within a text, still JSON when it is masked; None for anything else."""
        try:
            held = json.loads(value)
        except (ValueError, RecursionError):
            return None
        masked = opened(self.sealed(held))
        return value if masked == held else json.dumps(masked, ensure_ascii=False)

    def text(self, value: str) -> str:
        """A text with each secret in it masked, also what only looks like one."""
        if value not in self._masked:
            self._masked[value] = self._text(value)
        return self._masked[value]

    def _text(self, value: str) -> str:
        if len(value) >= _SHORTEST and value in self.texts:
            return MASKED
        for secret in self.texts:
            if len(secret) >= _SHORTEST_INSIDE and secret in value:
                value = value.replace(secret, MASKED)
        return value if value.startswith("arn:") else redact(value).replace(MASK, MASKED)


def veil_of(document: Mapping[str, Any]) -> Veil:
    """The veil of a plan, or of a state, as `terraform show -json` writes it."""
    forms = {form for text in _texts_in(document) for form in _forms(text)}
    return Veil(tuple(sorted(forms, key=lambda text: (-len(text), text))))


def seal(value: Any, shown: str = MASKED) -> Sealed:
    """Hide a value; the digest's key is of this process alone."""
    plain = json.dumps(value, sort_keys=True).encode()
    return Sealed(shown, hashlib.blake2b(plain, key=_KEY, digest_size=16).digest())


def opened(tree: Any) -> Any:
    """As plain JSON, each `Sealed` as what is shown of it."""
    if isinstance(tree, Sealed):
        return tree.shown
    if isinstance(tree, dict):
        return {key: opened(value) for key, value in tree.items()}
    return [opened(value) for value in tree] if isinstance(tree, list) else tree


def either(one: Any, other: Any) -> Any:
    """Two trees of marks as one: marked where one of them is."""
    if one is True or other is True:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: either(one.get(key), other.get(key)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [either(a, b) for a, b in zip_longest(one, other)]
    return one or other or False


def _below(marks: Any, key: str | int) -> Any:
    if isinstance(marks, dict):
        return marks.get(key, False)
    if isinstance(marks, list) and isinstance(key, int):
        return marks[key] if key < len(marks) else False
    return marks is True


def _is_secret_block(name: str) -> bool:
    return name.endswith(("s", "S")) and is_secret_name(name)


def _script(value: str) -> Sealed:
    """A start script: its size, or the hash that the provider keeps of it; never its text."""
    if _HASH.fullmatch(value):
        return seal(value, f"(script, hash {value[:8]})")
    suspicious = f", {SUSPICIOUS}" if secret_lines(value) else ""
    return seal(value, f"(script, {len(unpacked(value).encode()):,} bytes{suspicious})")


def _forms(text: str) -> Iterator[str]:
    """A secret as it is, within JSON, in a URL, and in base64."""
    if len(text) < _SHORTEST:
        return
    yield text
    if len(text) >= _SHORTEST_INSIDE:
        yield json.dumps(text)[1:-1]
        yield quote(text, safe="", errors="replace")
        yield base64.b64encode(text.encode(errors="replace")).decode()


def _texts_in(document: Mapping[str, Any]) -> Iterator[str]:
    """Every secret text of a document: what is marked, what has a secret's name, variables declared as sensitive."""
    for family in ("resource_changes", "resource_drift"):
        for each in document.get(family) or ():
            yield from _of_change(each.get("change") or {})
    for change in (document.get("output_changes") or {}).values():
        yield from _of_change(change)
    prior = (document.get("prior_state") or {}).get("values")
    for values in (document.get("planned_values"), prior, document.get("values")):
        yield from _of_values(values or {})
    yield from _of_variables(document)


def _of_change(change: Mapping[str, Any]) -> Iterator[str]:
    for side in ("before", "after"):
        yield from _marked(change.get(side), change.get(f"{side}_sensitive"))


def _of_values(values: Mapping[str, Any]) -> Iterator[str]:
    for output in (values.get("outputs") or {}).values():
        yield from _marked(output.get("value"), output.get("sensitive"))
    for resource in resources_below(values.get("root_module") or {}):
        yield from _marked(resource.get("values"), resource.get("sensitive_values"))


def resources_below(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources of a module and of all that are in it."""
    yield from module.get("resources") or ()
    for child in module.get("child_modules") or ():
        yield from resources_below(child)


def _of_variables(document: Mapping[str, Any]) -> Iterator[str]:
    given = document.get("variables") or {}
    declared = ((document.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    for name, about in declared.items():
        if about.get("sensitive") or is_secret_name(name):
            yield from _strings(about.get("default"))
            yield from _strings((given.get(name) or {}).get("value"))


def _marked(value: Any, marks: Any, name: str = "") -> Iterator[str]:
    """The texts of a value that are marked, or have a secret's name."""
    if marks is True:
        yield from _strings(value)
    elif isinstance(value, str):
        if len(value) >= _SHORTEST_NAMED and is_secret_name(name):
            yield value
    elif isinstance(value, dict):
        below = _is_secret_block(name)
        for key, each in value.items():
            yield from _marked(each, _below(marks, key) or below, key)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _marked(each, _below(marks, number), name)


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
