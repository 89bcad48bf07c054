"""The rules of the policy as tables: for the documentation, made of the rules themselves."""

from __future__ import annotations

from smartcloudops.cli.render.output import Table
from smartcloudops.infra.policy import rules


def rules_table() -> Table:
    """A row for each rule, as the README has it."""
    return Table(
        ("rule", "severity", "what is wrong", "how to mend it"),
        [(f"`{rule.id}`", rule.severity, rule.wrong, _code(rule.mend)) for rule in rules()],
    )


def _code(text: str) -> str:
    """What a table of Markdown must not take for markup."""
    return text.replace("*", r"\*").replace("_", r"\_")


def rules_markdown() -> str:
    """The table in Markdown, ending in a line's end."""
    import io

    from smartcloudops.cli.render.output import Output, show

    out = io.StringIO()
    show({}, rules_table(), Output.MD, out)
    return out.getvalue()
