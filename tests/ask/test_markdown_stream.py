"""Markdown on a terminal while it arrives: what stands on the screen, how soon, and that cuts make no difference."""

from __future__ import annotations

import io
import re
import time
import unicodedata
from itertools import pairwise

import pytest
from fakes.screen import Screen
from hypothesis import example, given
from hypothesis import strategies as st

from smartcloudops.cli.render.markdown_stream import MarkdownStream

LONG = """\
# Why web-2 is slow

**web-2** has been slow since *14:05Z*: its `node_cpu_seconds_total` went from 12.1% to 97.0% [E2], while **db-1**
stayed as it was (see [the runbook](https://runbooks.example.com/web/slow.md) and https://example.com).

1. The overview of all hosts says that one host differs from the others by a large amount; the rest are as usual.
2. `rate(http_requests_total{instance="web-2:9100",code=~"5.."}[5m]) * 100`
   - nested with **bold words that are long enough to be wrapped, still bold**
   - 日本語の文章は単語の間に空白がないので、どこでも改行できますが、句読点は行頭に来ません。

> A quote from the runbook: restart the worker, but only after draining it, which takes a while.
> - and a list in it

| host | cpu | what happened |
|------|----:|---------------|
| web-2 | 97.0% | A deploy of `checkout` v2.4.1 doubled the work of each request |
| db-1 | 12.1% | nothing |

---

```promql
sum by (instance) (rate(node_cpu_seconds_total{mode!="idle",instance=~"web-.*"}[5m]))
```
Done ✅ 👩‍👩‍👧 ❤️ 🇩🇪.
"""


def drawn(*pieces: str, columns: int = 60, colour: bool = True, unicode: bool = True) -> Screen:
    out = io.StringIO()
    stream = MarkdownStream(out, columns, colour, unicode)
    for piece in pieces:
        stream.feed(piece)
    stream.end()
    screen = Screen(columns)
    screen.write(out.getvalue())
    assert screen.pen == "", "a style is left on"
    return screen


def shown(text: str, **how: int) -> str:
    return drawn(text, **how).text.rstrip("\n")


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


MARKS = [
    "**",
    "*",
    "`",
    "```",
    "\n",
    "\n\n",
    "# ",
    "- ",
    "1. ",
    "> ",
    "| ",
    "|---|",
    "|",
    "[",
    "](",
    ")",
    "!",
    "\\",
    "~~~",
]
WORDS = [
    "cpu",
    "97%",
    "web-2",
    " ",
    "  ",
    "日本",
    "、",
    "e\u0301",
    "🔥",
    "x" * 50,
    "---",
    "snake_case",
    "\x1b[31m",
    "\t",
]
PIECES = st.lists(st.sampled_from(MARKS + WORDS) | st.text(max_size=3), max_size=60).map("".join)


@given(PIECES, st.lists(st.integers(0, 500), max_size=20), st.sampled_from([20, 33, 60]), st.booleans())
@example(LONG, list(range(len(LONG))), 60, True)
def test_cuts_make_no_difference_and_no_line_is_too_long(text, cuts, columns, colour):
    text = text.encode("utf-8", "replace").decode()
    whole = drawn(text, columns=columns, colour=colour)
    cut = drawn(*pieces_of(text, cuts), columns=columns, colour=colour)
    assert (cut.cells, cut.sgr) == (whole.cells, whole.sgr)


@given(st.lists(st.sampled_from([*WORDS[:10], "**", "*a*", "\n", "- ", "1. ", "> "]), max_size=80).map("".join))
def test_no_line_reaches_the_last_column(text):
    assert all(len(row) < 40 for row in drawn(text, columns=40).cells)


@given(st.lists(st.text("abcxyz", min_size=1, max_size=12), min_size=1, max_size=40), st.integers(20, 60))
def test_words_are_wrapped_whole_and_lines_are_full(words, columns):
    lines = shown(" ".join(words), columns=columns).split("\n")
    assert " ".join(lines).split() == words
    for line, following in pairwise(lines):
        assert len(line) + 1 + len(following.split()[0]) > columns - 1


@given(st.text(st.characters(exclude_characters="*`\\[]!|\n", categories=["L", "N", "P", "S"]), max_size=80))
def test_letters_without_marks_are_all_there(text):
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if c.isprintable())
    screen = shown("a" + text, columns=500)
    assert re.sub(r"\W", "", screen).startswith("a")
    assert sum(c.isascii() and c.isalnum() for c in screen) >= sum(c.isascii() and c.isalnum() for c in kept)


def test_a_word_is_there_before_it_is_whole():
    out = io.StringIO()
    stream = MarkdownStream(out, 60, False, True)
    for letter, so_far in zip("Web-2", ["W", "We", "Web", "Web-", "Web-2"], strict=True):
        stream.feed(letter)
        assert out.getvalue() == so_far


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("The **cpu", "The cpu"),
        ("- first", "• first"),
        ("## Head", "Head"),
        ("12. x", "12. x"),
        ("see [E2] ", "see [E2]"),
        ("> said", "│ said"),
        ("97% of", "97% of"),
        ("a [link](x) b", "a link (x) b"),
    ],
)
def test_marks_are_held_back_only_while_they_may_be_marks(text, there):
    out = io.StringIO()
    stream = MarkdownStream(out, 60, True, True)
    stream.feed(text)
    screen = Screen(60)
    screen.write(out.getvalue())
    assert screen.text == there


def test_a_word_that_does_not_fit_moves_as_a_whole():
    screen = drawn("aaaa bbbb cccc ddddddd eee", columns=20)
    assert screen.lines == ["aaaa bbbb cccc", "ddddddd eee", ""]


def test_a_word_longer_than_a_line_is_cut():
    assert shown("a " + "x" * 45, columns=20) == f"a\n{'x' * 19}\n{'x' * 19}\n{'x' * 7}"


def test_only_spaces_and_backspaces_wrap_without_colour():
    out = io.StringIO()
    stream = MarkdownStream(out, 20, False, True)
    stream.feed("aaaa **bbbb** cccc `dddddd` *eee*\n")
    stream.end()
    assert "\x1b" not in out.getvalue()
    screen = Screen(20)
    screen.write(out.getvalue())
    assert screen.lines == ["aaaa bbbb cccc", "`dddddd` eee", ""]


def test_emphasis_code_and_headings():
    screen = drawn('## Why *now*\nA **bold** word, *leaning*, ***both***, `up{a="*b*"}`.')
    assert screen.lines[:2] == ["Why now", 'A bold word, leaning, both, up{a="*b*"}.']
    assert screen.styles("Why") == {"1"}
    assert screen.styles("now") == {"1;3"}
    assert screen.styles("bold") == {"1"}
    assert screen.styles("leaning") == {"3"}
    assert screen.styles("both") == {"1;3"}
    assert screen.styles('up{a="*b*"}') == {"36"}
    assert screen.styles("word,") == {""}


@pytest.mark.parametrize(
    "text",
    [
        "node_cpu_seconds_total and __name__ and _total",
        "2*3*4 is 24, 5 * 6 * 7 is 210",
        "*.log and /var/**/x",
        "a lone ** and a lone *",
        "rate(x[5m]) and [E2] and [a] (b)",
        "cost is 5*",
        "a[0](b",
    ],
)
def test_what_is_no_mark_stays(text):
    assert shown(text, columns=100) == text


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("[the page](https://a.example/x)", "the page (https://a.example/x)"),
        ("[https://a.example](https://b.example)", "https://a.example (https://b.example)"),
        ("[a.example/x](https://a.example/x/)", "a.example/x"),
        ("[**db-1** up](<x y> 'title')", "db-1 up (x y)"),
        ("![chart](http://a/b.png)", "chart (http://a/b.png)"),
        ("Wow![1]", "Wow![1]"),
        ("[wiki](http://a/b_(c))", "wiki (http://a/b_(c))"),
        ("[](http://a)", "http://a"),
        (r"\*no\* \[x](y) a\b", r"*no* [x](y) a\b"),
        ("``a ` b`` c", "a ` b c"),
    ],
)
def test_links_and_escapes(text, there):
    assert shown(text, columns=100) == there


def test_lists_hang_and_nest():
    text = (
        "- one two three four five six seven\n  more\n  - inner item that is wrapped too\n10. tenth item is here, cut\n"
    )
    assert shown(text, columns=24).split("\n") == [
        "• one two three four",
        "  five six seven",
        "  more",
        "  • inner item that is",
        "    wrapped too",
        "10. tenth item is here,",
        "    cut",
    ]


def test_a_list_of_negative_numbers():
    assert shown("- -5%\n- -6%\n* * *\n- - -") == "• -5%\n• -6%\n" + "─" * 59 + "\n" + "─" * 59


def test_quotes_keep_their_bar_when_wrapped():
    lines = shown("> a quote that is wrapped\n>\n> > inner\n\nafter", columns=20).split("\n")
    assert lines == ["│ a quote that is", "│ wrapped", "│", "│ │ inner", "", "after"]


def test_code_is_shown_as_it_is():
    text = "```yaml\na:  **b**\n\n    - `c`\n```\nafter\n~~~\n```\n~~~"
    screen = drawn(text)
    assert screen.lines == ["  a:  **b**", "", "      - `c`", "after", "  ```", ""]
    assert screen.styles("**b**") == {"2"}


def test_code_in_an_item_and_in_a_quote():
    text = "1. run\n   ```\n   ls\n     -l\n   ```\n   then\n> ```\n> a\n> ```\n> b\n> ```\n> c\nout"
    assert shown(text).split("\n") == ["1. run", "     ls", "       -l", "   then", "│   a", "│ b", "│   c", "out"]


def test_ticks_in_one_line_are_no_fence():
    assert shown("```x``` y\nz") == "x y\nz"


def test_blank_lines_are_one_and_none_at_the_ends():
    assert drawn("\n\n\na\n\n\n\nb\n\n\n").lines == ["a", "", "b", ""]


TABLE = """\
| host | cpu | what |
|---|--:|---|
| web-2 | 97.0% | a `deploy` of checkout 2.4 that doubled the work |
| db | 1% | |
"""


def test_a_table_is_aligned():
    screen = drawn(TABLE, columns=80)
    assert screen.lines == [
        "host     cpu  what",
        "─────  ─────  ──────────────────────────────────────────────",
        "web-2  97.0%  a deploy of checkout 2.4 that doubled the work",
        "db        1%",
        "",
    ]
    assert screen.styles("host") == {"1"}
    assert screen.styles("deploy") == {"36"}


def test_a_table_is_folded_where_it_is_too_wide():
    assert shown(TABLE, columns=40).split("\n") == [
        "host     cpu  what",
        "─────  ─────  ─────────────────────────",
        "web-2  97.0%  a deploy of checkout 2.4",
        "              that doubled the work",
        "db        1%",
    ]


def test_a_table_of_many_columns_is_shown_as_records():
    head = "|" + "|".join(f"column-{n}" for n in range(9)) + "|\n" + "|---" * 9 + "|\n"
    row = "|" + "|".join(f"value-{n}" for n in range(9)) + "|\n"
    lines = shown(head + row + row, columns=40).split("\n")
    assert lines[:2] == ["column-0: value-0", "column-1: value-1"]
    assert lines[9] == ""
    assert len(lines) == 19


def test_pipes_without_a_table_are_text():
    assert shown("| a | b |\nplain\n| c |\n| d |\nend") == "| a | b |\nplain\n| c |\n| d |\nend"


def test_a_table_that_ends_with_the_text_is_drawn():
    assert shown("|a|b|\n|-|-|\n|1|2|").split("\n")[-1] == "1  2"


def test_escapes_and_hidden_letters_do_not_reach_the_terminal():
    screen = drawn("a\x1b[2Jb\x07 \x9b5m \u202ex\u200b\n```\n\x1b]8;;http://evil\x07click\n```")
    assert screen.lines[0] == r"a\x1b[2Jb\x07 \x9b5m \u202ex"
    assert screen.lines[1] == r"  \x1b]8;;http://evil\x07click"


def test_letters_have_the_width_that_every_terminal_gives_them():
    assert shown("👍🏽 ❤️ 👩‍👧 🇩🇪 e\u0301 a\u202fb") == "👍 ❤ 👩👧 DE e\u0301 a b"


def test_ascii_where_the_terminal_has_no_more():
    text = shown("- it’s 5 → 6 …\n> q\n\n---\n|a|\n|-|\n|ü|\n", unicode=False, columns=30)
    assert text.isascii()
    assert text.split("\n") == ["- it's 5 -> 6 ...", "> q", "", "-" * 29, "a", "----", "\\xfc"]


@pytest.mark.parametrize("evil", ["[a](", "*", "- ", "_ ", "> ", "`", "[", "1", "|a", "e\u0301", "**a "])
def test_hostile_text_takes_linear_time(evil):
    def seconds(count: int) -> float:
        before = time.process_time()
        drawn(evil * count)
        return time.process_time() - before

    seconds(100)
    assert seconds(2000) < 20 * max(seconds(200), 0.01)


def test_structure_without_colour():
    text = "## Why\n**bold** `code`\n- item\n```\nx\n```"
    assert shown(text, colour=False).split("\n") == ["## Why", "bold `code`", "• item", "  x"]
