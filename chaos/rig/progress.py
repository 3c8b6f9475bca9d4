"""What a run is doing: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.status import Status


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
        self._title, self._began = title, time.monotonic()
        if self._console is None:
            yield
        elif self._console.is_terminal:
            with self._console.status(title) as self._status:
                yield
            self._status = None
        else:
            yield

    def keep(self, text: RenderableType) -> None:
        """Print what should still be there when all is over."""
        if self._console is not None:
            self._console.print(text, highlight=False, soft_wrap=isinstance(text, str))

    def say(self, text: str) -> None:
        if self._console is None:
            return
        elapsed_s = time.monotonic() - self._began
        if self._status is not None:
            self._status.update(f"{self._title} [dim]{elapsed_s:5.1f} s[/] {text}")
        else:
            self._console.print(
                f"{elapsed_s:6.1f} s  {self._title}: {text}", highlight=False, soft_wrap=True
            )
