"""A pattern or a filter that cannot be read, and the place where reading it stopped."""

from __future__ import annotations

from smartcloudops.core.errors import UsageError


class Misread(UsageError):
    """A pattern or a filter that cannot be read. `column` counts characters of `text` from 1."""

    def __init__(self, message: str, *, text: str | None = None, at: int = 0, hint: str | None = None) -> None:
        place = f", at column {at + 1} of {text!r}" if text is not None else ""
        super().__init__(f"{message}{place}", hint=hint)
        self.text = text
        self.column = at + 1

    def caret(self) -> str:
        r"""Two lines that point at the place; empty where a terminal would not show them as they are.

        >>> print(Misread("no value", text="a = )", at=4).caret())
        a = )
            ^
        """
        return f"{self.text}\n{' ' * (self.column - 1)}^" if self.text is not None and self.text.isprintable() else ""
