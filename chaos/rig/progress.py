"""The progress of a run: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.status import Status
from rich.text import Text


class Progress:
    """Says on `console` what goes on. A console of None says nothing."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._status: Status | None = None
        self._title = ""
        self._began = time.monotonic()

    @contextmanager
    def of(self, title: str) -> Iterator[None]:
        """Everything said within this block belongs to `title`."""
        before = self._title, self._began, self._status
        self._title, self._began = title, time.monotonic()
        if self._console is not None and self._console.is_terminal:
            with self._console.status(Text(title)) as self._status:
                yield
        else:
            yield
        self._title, self._began, self._status = before

    def keep(self, text: RenderableType) -> None:
        """Print what should still be there when all is over."""
        if self._console is not None:
            text = Text(text) if isinstance(text, str) else text
            self._console.print(text, soft_wrap=isinstance(text, Text))

    def say(self, text: str) -> None:
        if self._console is None:
            return
        elapsed_s = time.monotonic() - self._began
        if self._status is not None:
            parts = (f"{self._title} ", (f"{elapsed_s:5.1f} s", "dim"), f" {text}")
            self._status.update(Text.assemble(*parts))
        else:
            line = Text(f"{elapsed_s:6.1f} s  {self._title}: {text}")
            self._console.print(line, soft_wrap=True)
