"""What may become of a job of the reference between two looks at it."""

from __future__ import annotations

from collections.abc import Iterator

from .invariants import history
from .seen import Seen, Verdict

#: What a job is enqueued with, and keeps.
_KEPT = (
    *("id", "function_name", "job_args", "job_kwargs", "queue_name", "max_retries"),
    *("job_timeout_seconds", "result_ttl_seconds", "job_unique_key", "enqueue_time"),
)
#: What an end leaves as it is.
_OF_THE_END = (*_KEPT, "status", "result", "completion_time", "fencing_token", "current_retries")


def between(before: Seen, after: Seen) -> Iterator[Verdict]:
    """The rules for one job that was seen twice."""
    if before.type != "hash" or after.type != "hash":
        return
    ended = not before.live
    if ended and before.fields.get("enqueue_time") != after.fields.get("enqueue_time"):
        return  # it has expired, or was deleted, and was enqueued again
    yield Verdict("same", _changed(before, after, _KEPT))
    if before.status in ("COMPLETED", "CANCELLED"):
        yield Verdict("end", _changed(before, after, _OF_THE_END))
        return
    lives = _new_lives(before, after)
    yield Verdict("history", None if lives is not None else "its error_history was rewritten")
    if before.status == "FAILED" and (lives or after.status != "FAILED"):
        yield Verdict("revived", _revived(before, after, lives or 0))
    yield Verdict("token", _token(before, after))
    if not lives:
        yield Verdict("grows", _grows(before, after))


def _changed(before: Seen, after: Seen, names: tuple[str, ...]) -> str | None:
    for name in names:
        was, is_ = before.fields.get(name), after.fields.get(name)
        if was != is_:
            return f"its {name} changed from {_short(was)} to {_short(is_)}"
    return None


def _new_lives(before: Seen, after: Seen) -> int | None:
    """How many lives have been ended by a requeue since; None if its history is another one."""
    old, new = history(before), history(after)
    for count in range(len(new) + 1):
        if (old + new[len(new) - count :])[-10:] == new:
            return count
    return None


def _revived(before: Seen, after: Seen, lives: int) -> str | None:
    """A dead job lives again by a requeue, which is told in its history, or because its worker,
    which was taken for dead, says that it lives."""
    if not lives:
        acquitted = before.fields.get("dead_reason") == "poison"
        fewer = after.number("crashes") < before.number("crashes")
        return None if acquitted and fewer else f"{after.status} after it was dead, by nobody"
    life = history(after)[-lives]
    told = {
        "error": before.fields.get("last_error", "")[:8000],
        "reason": before.fields.get("dead_reason", "")[:200],
        "retries": before.number("current_retries"),
        "crashes": before.number("crashes"),
    }
    for name, value in told.items():
        if life.get(name) != value and "�" not in str(value) and "\\x" not in str(value):
            return f"its history says that its {name} was {life.get(name)!r} instead of {value!r}"
    return None


def _token(before: Seen, after: Seen) -> str | None:
    was, is_ = before.number("fencing_token"), after.number("fencing_token")
    if is_ < was:
        return f"its token fell from {was} to {is_}"
    held = before.status == "ACTIVE" and before.fields.get("worker_id")
    if after.status == "ACTIVE" and is_ == was and held != after.fields.get("worker_id"):
        return f"{after.fields.get('worker_id')} holds it under the token {is_} of {held or 'none'}"
    return None


def _grows(before: Seen, after: Seen) -> str | None:
    """Failures and crashes add up, at most one for each attempt; a charge may be dropped."""
    attempts = after.number("fencing_token") - before.number("fencing_token")
    attempts += before.status == "ACTIVE"
    failures = after.number("current_retries") - before.number("current_retries")
    if not 0 <= failures <= attempts:
        return f"{failures} more failures in {attempts} attempts"
    crashes = after.number("crashes") - before.number("crashes")
    if crashes > attempts:
        return f"{crashes} more crashes in {attempts} attempts"
    return None


def _short(text: str | None) -> str:
    return "nothing" if text is None else repr(text if len(text) < 60 else text[:57] + "…")
