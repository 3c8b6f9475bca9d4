"""Dead-letter queues: their entries, and the ways in which entries leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from . import keys
from .scripts import DELETE_DLQ, LIST_DLQ, REQUEUE_DLQ, Answer, Command, Runs

_PAGE = 50  # entries per round trip; scripts search twice as far around an entry's place
_SEARCHES = 3  # further searches for entries that were not at their places


class Dead(NamedTuple):
    """An entry as it was listed. Its job need not be dead, and may not even exist."""

    id: str
    place: int  # from the list's old end, -1 = the oldest; 0 = not known
    status: str  # "" = the job is gone; "?" = the key holds no job
    queue: str = ""
    function: str = ""
    reason: str = ""
    error: str = ""

    @property
    def ghost(self) -> bool:
        """True if no dead job stands behind the entry: its job has expired, or lives again."""
        return self.status not in ("FAILED", "?")


class DeadLetters:
    """One dead-letter queue. No call slows down as the list grows."""

    def __init__(self, store: Runs, name: str) -> None:
        self._store = store
        self._name = name
        self._list = keys.dlq(name)
        #: The answer for each id in the latest call, complete or cut short.
        self.answers: dict[str, Answer] = {}

    async def pages(self) -> AsyncIterator[list[Dead]]:
        """All entries, newest first. Entries that arrive meanwhile are left out."""
        seen: set[tuple[str, int]] = set()
        first, width = 0, len(Dead._fields)
        while True:
            call = LIST_DLQ.call([self._list], [first, _PAGE, keys.JOB])
            ((flat),) = await self._store.run([call])
            if not flat:
                return
            page = [_dead(*flat[at : at + width]) for at in range(0, len(flat), width)]
            first += len(page)
            # A push meanwhile moves entries that were listed already into the next page.
            yield [entry for entry in page if (entry.id, entry.place) not in seen]
            seen.update((entry.id, entry.place) for entry in page)

    async def requeue(self, entries: Sequence[Dead]) -> dict[str, Answer]:
        """Give dead jobs a new life. Answers DONE, REPEAT, GONE, UNIQUE or MOVED for each id."""
        return await self._each(entries, self._requeue)

    async def delete(self, entries: Sequence[Dead]) -> dict[str, Answer]:
        """Delete dead jobs. Answers DONE, GONE, REPEAT (not dead, only unlisted) or MOVED for each
        id."""
        return await self._each(entries, lambda one, place: self._delete(one, place, "any"))

    async def purge(self, entries: Sequence[Dead]) -> dict[str, Answer]:
        """Take ghosts off the list. Answers GONE, REPEAT, DEAD (it stays) or MOVED for each id."""
        return await self._each(entries, lambda one, place: self._delete(one, place, "ghost"))

    def _requeue(self, entry: Dead, place: int) -> Command:
        queue = entry.queue or self._name
        names = [keys.job(entry.id), self._list, keys.queue(queue), keys.wake(queue)]
        return REQUEUE_DLQ.call(names, [entry.id, place, keys.JOB, keys.UNIQUE])

    def _delete(self, entry: Dead, place: int, what: str) -> Command:
        args = [entry.id, place, keys.JOB, keys.UNIQUE, what]
        return DELETE_DLQ.call([keys.job(entry.id), self._list], args)

    async def _each(
        self, entries: Sequence[Dead], call: Callable[[Dead, int], Command]
    ) -> dict[str, Answer]:
        """Run a script for each entry, the oldest first. Each entry that has left the list by then
        was behind all that follow, and has moved each of them by one."""
        self.answers = {}
        for _ in range(1 + _SEARCHES):
            left, lost = 0, set()
            order = sorted(entries, key=lambda entry: entry.place, reverse=True)
            for start in range(0, len(order), _PAGE):
                chunk = order[start : start + _PAGE]
                calls = [call(entry, entry.place + left + n) for n, entry in enumerate(chunk)]
                words = [
                    Answer(word.decode()) for word in await self._store.run(calls, durable=True)
                ]
                left += sum(
                    word not in (Answer.UNIQUE, Answer.DEAD, Answer.MOVED) for word in words
                )
                for entry, word in zip(chunk, words, strict=True):
                    lost |= {entry.id} if word is Answer.MOVED else set()
                    # The first answer stands for an id that is listed twice.
                    if self.answers.get(entry.id, Answer.MOVED) is Answer.MOVED:
                        self.answers[entry.id] = word
            if not lost:
                break
            # Another operator took entries off the list meanwhile.
            entries = [entry async for page in self.pages() for entry in page if entry.id in lost]
        return self.answers


def _dead(job_id: bytes, place: int, *fields: bytes) -> Dead:
    # Bytes as they were found: another program may have written something that is not UTF-8.
    texts = [field.decode(errors="surrogateescape") for field in (job_id, *fields)]
    return Dead(texts[0], place, *texts[1:])
