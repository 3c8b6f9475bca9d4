"""`python -m rrq_ref dlq`: list, requeue or delete dead jobs, with one line for each."""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from collections import Counter
from collections.abc import Iterable

from .client import Client
from .deadletters import Dead, DeadLetters
from .errors import RRQError, meant
from .job import REASONS
from .logs import printable
from .scripts import Answer

#: The actions, and the answers that count as success.
ACTIONS = {
    "list": (),
    "requeue": (Answer.DONE,),
    "delete": (Answer.DONE, Answer.GONE),
    "purge": (Answer.DONE, Answer.GONE, Answer.REPEAT),
}
_ERROR_LENGTH = 500  # characters of an error in a line


async def dlq(client: Client, options: argparse.Namespace) -> int:
    """Apply the action to every entry that matches. Returns the exit code."""
    if (
        options.action == "delete"
        and not (options.id or options.reason or options.error)
        and (options.function == "*")
    ):
        raise ValueError(
            "dlq delete needs to know what: give --id, --function, --reason or --error"
        )
    letters = DeadLetters(client.store, options.queue)
    found: list[Dead] = []
    reasons: Counter[str] = Counter()
    async for page in letters.pages():
        reasons.update(map(_reason, page))
        matching = [entry for entry in page if _matches(entry, options)]
        found += matching
        if (options.action == "list" or options.dry_run) and not say(map(_line, matching)):
            return 0
    if not found:
        has = ", ".join(f"{n} {shown(reason)}" for reason, n in reasons.items()) or "nothing"
        print(f"nothing matches; {shown(options.queue)} has {has}", file=sys.stderr)
        if options.reason not in (None, *REASONS, *reasons):
            near = meant(options.reason, (*REASONS, *reasons))
            raise RRQError(f"no job died of {options.reason!r}{near}")
    if options.action == "list" or options.dry_run:
        return 0
    every = letters.delete if options.action == "purge" and options.all else None
    try:
        await (every or getattr(letters, options.action))(found)
    finally:
        # Printed after the work, so that a reader who leaves (`| head`) cannot end it half-way.
        answers = letters.answers
        lines = {one.id: f"{answers[one.id]} {_line(one)}" for one in found if one.id in answers}
        say(lines.values())
    return 0 if all(answer in ACTIONS[options.action] for answer in answers.values()) else 1


def _matches(entry: Dead, options: argparse.Namespace) -> bool:
    wanted = {"requeue": entry.status == "FAILED", "purge": entry.ghost or options.all}
    return (
        wanted.get(options.action, True)
        and (not options.id or entry.id in options.id)
        and fnmatch.fnmatchcase(entry.function, options.function)
        and options.reason in (None, _reason(entry))
        and options.error in entry.error
    )


def _reason(entry: Dead) -> str:
    if entry.status == "FAILED":
        return entry.reason or "-"
    return {"": "gone", "?": "no-job"}.get(entry.status, "not-dead")


def _line(entry: Dead) -> str:
    words = [
        shown(word).replace(" ", "\\x20") or "-"
        for word in (entry.id, entry.function, _reason(entry))
    ]
    error = entry.error if len(entry.error) <= _ERROR_LENGTH else entry.error[:_ERROR_LENGTH] + "…"
    return " ".join([*words, shown(error)])


def shown(text: str) -> str:
    """The text in printable form: anything that could forge a line or a terminal's command is
    escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # a closed stdout has none
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def say(lines: Iterable[str]) -> bool:
    """Print lines. Returns False once the reader has gone."""
    try:
        for line in lines:
            print(line)
        print(end="", flush=True)
    except OSError as error:
        # Otherwise Python tries again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise
        return False
    return True
