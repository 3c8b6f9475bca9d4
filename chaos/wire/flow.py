"""One direction of one connection: a queue that is emptied in order, as far as it may be."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

HIGH_WATER = 1024 * 1024
"""Bytes that a flow may queue before it stops reading from where they come from."""

_ITEM_COST = 64  # what a queued item takes beside its bytes, roughly

T = TypeVar("T")


class Flow(Generic[T]):
    """Hands items to `handle` one after the other.

    `handle` either does its work at once, or returns a coroutine, and then the flow waits for that.
    What it only put together `flush` writes, before the flow waits for anything.
    The flow also waits while its gate is shut (a partition), while its sink takes no more
    (`sink_full`), and while something stalls it. Nothing is lost or overtaken by any of these.
    """

    def __init__(
        self,
        gate: asyncio.Event,
        handle: Callable[[T], Coroutine[Any, Any, None] | None],
        flush: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
    ) -> None:
        self.source: asyncio.Transport | None = None
        self.sink_full = False
        self._gate = gate
        self._handle = handle
        self._flush = flush
        self._spawn = spawn
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0
        self._task: asyncio.Task[None] | None = None
        self._stalls = 0
        self._throttled = False

    @property
    def empty(self) -> bool:
        """Nothing is queued, and nothing is being worked on."""
        return not self._items and self._task is None

    def put(self, item: T, size: int) -> None:
        """Queue an item of `size` bytes; `pump` moves it on."""
        size += _ITEM_COST
        self._items.append((item, size))
        self._size += size

    def pump(self) -> None:
        """Handle what can be handled now."""
        while self._items and self._task is None and not self.sink_full and not self._stalls:
            if not self._gate.is_set():
                break
            item, size = self._items.popleft()
            self._size -= size
            work = self._handle(item)
            if work is not None:
                self._task = self._spawn(work)
                self._task.add_done_callback(self._worked)
        self._flush()
        if self._throttled != (self._size > HIGH_WATER):
            self._throttle()

    def sink_ready(self) -> None:
        """The sink takes bytes again."""
        self.sink_full = False
        self.pump()

    def stall(self) -> None:
        """Wait, until `unstall` is called as often."""
        self._stalls += 1

    def unstall(self) -> None:
        self._stalls -= 1
        self.pump()

    def clear(self) -> None:
        """Drop what is queued. What is being worked on goes on."""
        self._items.clear()
        self._size = 0

    def _worked(self, _: "asyncio.Task[None]") -> None:
        self._task = None
        self.pump()

    def _throttle(self) -> None:
        self._throttled = not self._throttled
        if self.source is None or self.source.is_closing():
            return
        if self._throttled:
            self.source.pause_reading()
        else:
            self.source.resume_reading()
