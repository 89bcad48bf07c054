"""What secrets look like in text: the rules of redact.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which secrets stand in text; what `pattern` matches is masked, but for its first group.

    `triggers` stand in every such text, lower-case unless `cased`; the pattern is tried only `at` them ("trigger"), or
    at every place of a text that has one ("anywhere"). That keeps plain text fast and hostile text linear.
    """

    triggers: Sequence[str]
    pattern: str
    cased: bool = False
    at: Literal["trigger", "anywhere"] = "trigger"


# Every repetition below is bounded or cannot give back what it took; see test_redact.py for hostile text.
# A quote as it stands in code, in JSON inside of JSON, in HTML and in a URL.
_QUOTE = r"""(?:\\{0,7}["'`]|&(?:quot|\#34|\#39|apos);|%2[27])"""
_OPEN = r"""(?:["'`]|&(?:quot|\#34|\#39|apos);|%2[27])?"""
_IS = rf"{_QUOTE}?[ \t]{{0,8}}(?:=>|=~|==|:=|!=|!~|[:=]|%3[AD])[ \t]{{0,8}}"
# `name: DB_PASSWORD` with `value: …` beside or below it, as in the manifest of a pod.
_BESIDE = rf"[a-z0-9_]{{0,40}}+{_QUOTE}?,?\s{{0,40}}+{_QUOTE}?value{_QUOTE}?\s{{0,8}}[:=]\s{{0,8}}"
# What ends a value stays; a quote that nothing closes takes the rest of its line.
_VALUE = (
    r"""(?:(?<=")(?:[^"\\\n]|\\.){1,8192}+|(?<=')(?:[^'\\\n]|\\.){1,8192}+|(?<=`)[^`\n]{1,8192}+|"""
    r"""(?<=[t49s];)[^&\n]{1,8192}+|(?<=%2[27])(?:[^%&\s"']|%(?!2[27])){1,8192}+|[^\s"'`,;&})\]]{1,8192}+)"""
)
_VALUE_IN_JSON_TEXT = r"""(?:[^"'\\\n]|\\(?!\\{0,6}["'])){1,8192}+"""
# A block of YAML, and a value alone on the line below.
_VALUE_BELOW = (
    r"[|>][+-]?[ \t]{0,8}\n[ \t]{1,40}[^\n]{1,4096}|"
    r"\n[ \t]{0,40}+[^\s:=]{4,512}+(?=[ \t]{0,8}(?:\n|\Z))"
)


def _assigned(name: str, sign: str = _IS) -> str:
    """`name`, `sign`, and a value that is quoted in any way, or bare, or an element of XML."""
    before = rf"{name}(?:(?:{sign}|{_BESIDE})(?:\\{{1,7}}[\"']|{_OPEN})|>)"
    in_element = r"(?<=[^=]>)[^<\n]{1,512}+(?=</)"
    in_json_text = rf"(?<=\\[\"']){_VALUE_IN_JSON_TEXT}"
    return rf"(?i:({before})(?:{in_element}|{in_json_text}|{_VALUE_BELOW}|(?<![^=]>){_VALUE}))"


def _behind(words: str, joint: str) -> str:
    return "(?:" + "|".join(f"(?<={word})|(?<={word}{joint})" for word in words.split()) + ")"


_PASSWORD = r"(?:passw(?:or)?d|passphrase|passcode|(?<=[_?&-])pass(?![a-z]))"
_SECRET = r"secret(?:[_.-]?key(?:[_.-]?base)?)?"
_KEY_OF = "api private access account secret encryption signing license master storage app application ssh shared auth"
_KEY = f"{_behind(_KEY_OF, '[ _.-]')}key"
_TOKEN_IS = (
    rf"(?:{_QUOTE}?[ \t]{{0,8}}(?:=>|=~|==|:=|=|%3D)|{_QUOTE}[ \t]{{0,8}}:|(?<=[_-]token)[ \t]{{0,8}}:)[ \t]{{0,8}}"
)
_FLAG = rf"--(?:[a-z]{{1,20}}-){{0,4}}(?:passw(?:or)?d|passphrase|{_SECRET}|(?:api|private|access)[_-]?key|token)[ =]"
# In prose only what has a digit or a sign inside counts: "the password is required".
_SAID = r"""(?:"[^"\n]{1,128}"|'[^'\n]{1,128}'|(?=[^\s.,]{0,64}[0-9!@#$%^&*?][^\s.,]?)[^\s,]{4,128})"""
_HEX = "[0-9a-f]"

# Tokens that say by their first letters what they are: how they begin and how they go on.
_PREFIXED: tuple[tuple[str, str], ...] = (
    *((begin, "[A-Z0-9]{12,}+(?![A-Za-z0-9])") for begin in ("AKIA", "ASIA", "ABIA", "ACCA")),
    *((begin, "[A-Za-z0-9/+=%]{80,}") for begin in ("FwoG", "IQoJ", "FQoG")),
    ("AIza", "[A-Za-z0-9_-]{30,}"),
    ("GOCSPX-", "[A-Za-z0-9_-]{20,}"),
    ("ya29.", "[A-Za-z0-9._-]{20,}"),
    ("1//0", "[A-Za-z0-9_-]{40,}"),
    *((f"gh{kind}_", "[A-Za-z0-9-]{16,}") for kind in "pousr"),
    ("github_pat_", "[A-Za-z0-9_]{20,}"),
    *((f"gl{kind}-", "[A-Za-z0-9_-]{16,}") for kind in ("pat", "dt", "rt", "cbt", "ptt", "ft", "soat", "agent")),
    ("xox", "[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("xapp-", "[A-Za-z0-9-]{16,}"),
    *((begin, "(?:live|test)_[A-Za-z0-9]{10,}") for begin in ("sk_", "rk_")),
    ("whsec_", "[A-Za-z0-9+/=]{16,}"),
    ("sk-", "(?:(?:proj|ant|svcacct|admin|None|or|lf)-[A-Za-z0-9_-]{12,}|[A-Za-z0-9]{20,}+[A-Za-z0-9_-]*)"),
    ("hf_", "[A-Za-z0-9]{30,}"),
    ("npm_", "[A-Za-z0-9]{30,}"),
    ("pypi-", "[A-Za-z0-9_-]{40,}"),
    ("SG.", r"[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}"),
    ("SK", f"{_HEX}{{32}}(?![A-Za-z0-9])"),
    ("key-", f"{_HEX}{{32}}(?![A-Za-z0-9])"),
    ("dapi", f"{_HEX}{{32}}"),
    ("NRAK-", "[A-Z0-9]{20,}"),
    *((begin, "[A-Za-z0-9_-]{20,}") for begin in ("hvs.", "hvb.")),
    ("glsa_", "[A-Za-z0-9_]{30,}"),
    ("glc_", "[A-Za-z0-9+/=]{30,}"),
    *((f"do{kind}_v1_", f"{_HEX}{{40,}}") for kind in "opr"),
    *((f"shp{kind}_", "[0-9a-fA-F]{32}") for kind in ("at", "ca", "pa", "ss")),
    ("gsk_", "[A-Za-z0-9]{30,}"),
    ("xai-", "[A-Za-z0-9]{30,}"),
    ("dckr_pat_", "[A-Za-z0-9_-]{16,}"),
    ("AGE-SECRET-KEY-", "[A-Z0-9]{20,}"),
    ("tskey-", "[A-Za-z0-9-]{16,}"),
    ("sntry", "[su]_[A-Za-z0-9_=-]{20,}"),
    ("ATATT3", "[A-Za-z0-9_=-]{30,}"),
)


def _prefixed() -> str:
    rows = (begin.replace(".", r"\.") + rest for begin, rest in _PREFIXED)
    return f"(?<![A-Za-z0-9])(?:{'|'.join(rows)})"


FORMS: tuple[Form, ...] = (
    Form(
        ("-----begin ",),
        r"(?s:(-----BEGIN )(?:[A-Z0-9 ]{0,40} )?PRIVATE KEY(?: BLOCK)?-----"
        r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z))",
    ),
    Form(
        ("private key-----",),
        r"(?<![A-Za-z0-9+/=\n\r\\])[A-Za-z0-9+/=\n\r\\]{20,}+(?=-----END [A-Z0-9 ]{0,40}PRIVATE KEY)",
        at="anywhere",
    ),
    Form(("://",), r"(://)(?:[^\s/@\"'<>]{1,256}+|[^\s/:@\"'<>]{0,128}+:(?!\d{1,5}/)[^\s@\"'<>]{1,256}+)(?=@[^\s@])"),
    Form(
        ("authorization", "cookie"),
        r"(?i:((?:authorization|cookie)\\{0,7}[\"']?\s{0,8}[:=]\s{0,8}\\{0,7}[\"']?)[^\s\"'\\][^\n\"'\\]*)",
    ),
    Form(("bearer",), r"(?<![A-Za-z0-9])(?i:(bearer\s{1,8})[a-z0-9._~+/=-]{6,})"),
    Form(("pass",), _assigned(_PASSWORD)),
    Form(("passw", "passphrase"), rf"(?i:(pass(?:w(?:or)?d|phrase)\s{{1,3}}(?:is|was|to)\s{{1,3}}){_SAID})"),
    Form(("secret",), _assigned(_SECRET)),
    Form(("key",), _assigned(_KEY)),
    # The shell's PWD is a directory.
    Form(("pwd",), _assigned("(?<![a-z])pwd", rf"{_IS}(?!{_OPEN}[/~])")),
    Form(("token",), _assigned("token", _TOKEN_IS)),
    Form(("token: ",), r"(?i:(token:[ \t]{1,8})(?=[^\s\d]{0,64}\d)[a-z0-9._~+/=-]{16,})"),
    Form(("--",), rf"(?i:({_FLAG}{_OPEN})(?![-]){_VALUE})"),
    Form(("eyj",), r"\beyJ[A-Za-z0-9_-]{5,400}+\.[A-Za-z0-9_-]{5,}+(?:\.[A-Za-z0-9_-]*+)?"),
    Form(("sig=", "signature="), r"(?i:((?:(?<=[?&;])sig|signature)=[\"']?)[a-z0-9%+/=_-]{16,})"),
    Form(
        ("auth",),
        r"(?i:((?:(?<=[\"'])auth[\"']\s{0,8}:\s{0,8}[\"']|(?<![a-z0-9]_)(?<=_)auth\s{0,8}=\s{0,8}))[a-z0-9+/=]{8,})",
    ),
    Form(("identified by",), r"(?i:(identified by\s{1,8}(?:password\s{1,8})?['\"])[^'\"\n]{1,512})"),
    Form(("password '",), r"(?i:(password ')[^'\n]{1,512}(?='))"),
    Form(("sshpass",), r"(sshpass\s{1,8}-p\s{0,8})(?:'[^'\n]{1,128}'|\"[^\"\n]{1,128}\"|\S{1,128})"),
    Form(("curl",), r"(curl\b[^\n]{0,200}?\s(?:-u|--user|--proxy-user)[ =]?[\"']?[^\s:\"']{1,64}:)[^\s\"']{1,128}"),
    Form(("machine ",), r"(machine\s{1,8}\S{1,128}\s{1,8}login\s{1,8}\S{1,128}\s{1,8}password\s{1,8})\S{1,512}"),
    Form(("requirepass ", "masterauth "), r"((?:requirepass|masterauth) )\S{1,512}"),
    Form(("@tcp(", "@unix("), r"(?<![^\s\"'=])([\w.-]{1,64}:)[^\s@\"']{1,128}+(?=@(?:tcp|unix)\()", at="anywhere"),
    Form(
        ("hooks.slack.com/", "/api/webhooks/", "webhook.office.com/", "/bot"),
        r"(?i:(hooks\.slack\.com/[a-z]{1,20}/|/api/webhooks/|webhook\.office\.com/|/bot\d{8,10}:)[a-z0-9/_@-]{10,})",
    ),
    Form(
        ("Q~",),
        r"(?<![A-Za-z0-9_.~-])[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}(?![A-Za-z0-9_.~-])",
        cased=True,
        at="anywhere",
    ),
    Form(
        ("akia", "asia", "aws", "secret", "***"),
        r"(?<![A-Za-z0-9/+=_-])(?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])"
        r"(?=[A-Za-z0-9/+]{0,39}[0-9])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])",
        at="anywhere",
    ),
    Form(tuple(begin for begin, _ in _PREFIXED), _prefixed(), cased=True),
)
