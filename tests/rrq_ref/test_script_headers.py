"""Each script's header matches the Python call, the script's includes, and its answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from importlib.resources import files
from typing import Any, cast

import pytest
from redis.asyncio import Redis

import rrq_ref
from rrq_ref import batch, keys, scripts
from rrq_ref.client import Client
from rrq_ref.deadletters import Dead, DeadLetters
from rrq_ref.job import Job, NewJob
from rrq_ref.scripts import Answer
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Acquit, Bury, Claim, Finish, Lease, Release, Retry
from rrq_ref.waiting import look

LUA = files(rrq_ref) / "lua"
NAMES = [script.name for script in scripts.ALL]
WORDS = {"EFFECT", *Answer}

# The calls, with a value of its own for everything that is sent

SETTINGS = Settings(
    queues=("high", "low"),
    lock_ttl_ms=61_000,
    max_crashes=7,
    dlq_ttl_s=606,
    max_retries=4,
    result_ttl_s=808,
)  # fmt: skip - a table
LEASE = Lease(1, "a", 3)
DEAD: Any = Job.from_hash(
    "a", {"function_name": "send", "queue_name": "low", "status": "FAILED", "job_unique_key": "u"}
)
Call = Callable[[WorkerStore, Client], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "enqueue": lambda _, client: client.enqueue(
        "send", job_id="a", queue="low", unique_key="u", defer_by=timedelta(seconds=90)
    ),
    "lock_and_pop": lambda store, _: store.lock_and_pop(33),
    "refresh_locks": lambda store, _: store.refresh_locks([LEASE, LEASE]),
    "finish": lambda store, _: store.settle([Finish(LEASE, '"r"', '[["PING","x"]]')] * 2),
    "retry": lambda store, _: store.settle([Retry(LEASE, "ValueError: no", 1_234, "line 7")]),
    "release": lambda store, _: store.settle([Release(LEASE)]),
    "bury": lambda store, _: store.settle([Bury(LEASE, "timeout", "ValueError: no", "line 7")]),
    "acquit": lambda store, _: store.settle([Acquit(LEASE)]),
    "requeue_dlq": lambda store, _: store.requeue(DEAD, "low"),
    "cancel": lambda store, _: store.cancel("a"),
    "await": lambda store, _: look(store, "a"),
    "list_dlq": lambda store, _: anext(DeadLetters(store, "low").pages()),
    "delete_dlq": lambda store, _: DeadLetters(store, "low").delete([Dead("a", 0, "FAILED")]),
}
#: What the headers call things, and what it is in the calls above.
KEYS = {
    "job hash": "rrq:job:a",
    "queue": "rrq:queue:low",
    "locks": "rrq:locks:low",
    "dead-letter queue": "rrq:dlq:low",
    "wake-up hints": "rrq:wake:low",
    "unique key": "rrq:lock:unique:u",
    "claim record": "rrq:claim:worker-1",
    "event stream": "rrq:events:job:a",
}
ARGV = {
    "job id": "a",
    "worker id": "worker-1",
    "token": 3,
    "due time, ms since the epoch": 0,
    "delay in ms from the server's now": 90_000,
    "delay in ms until the next run": 1_234,
    "number of this claim": 1,
    "number of the claim under way": 0,
    "number of its queue": 2,
    "how many jobs at most": 33,
    "how many bytes of arguments at most": 1_048_576,
    "place of the first job in its call": 0,
    "lock TTL in ms": 61_000,
    "crashes after which a job is dead-lettered": 7,
    "TTL of a dead-lettered job in s": 606,
    "TTL of a cancelled job in s": 606,
    "default max_retries": 4,
    "default result TTL in s": 808,
    "result (JSON)": '"r"',
    "effects (JSON list": '[["PING","x"]]',
    "reason, one word": "timeout",
    "error text": "ValueError: no",
    "traceback": "line 7",
    "place from the old end of the list (-1 = the oldest), 0 = not known": 0,
    "number of the first entry, 0 = the newest": 0,
    "how many entries at most": 50,
    "what may be deleted": "any",
    "prefix of queues": "rrq:queue:",
    "prefix of job hashes": "rrq:job:",
    "prefix of unique keys": "rrq:lock:unique:",
}


class Sent(Exception):
    """A call, raised instead of an answer."""


class Recorder:
    """A Redis client that raises every command instead of answering it."""

    async def exchange(self, commands: Sequence[tuple[Any, ...]]) -> Any:
        raise Sent(*commands[-1])


async def sent(name: str) -> tuple[list[str], list[str]]:
    """The KEYS and the ARGV of a call."""
    redis = cast("Redis", Recorder())
    store, client = WorkerStore(redis, SETTINGS, "worker-1"), Client(SETTINGS, redis=redis)
    with pytest.raises(Sent) as caught:
        await CALLS[name](store, client)
    command, sha, count, *words = caught.value.args
    (script,) = [script for script in scripts.ALL if script.name == name]
    assert (command, sha) == ("EVALSHA", script.sha)
    return [str(word) for word in words[:count]], [str(word) for word in words[count:]]


# The headers


@dataclass(frozen=True, slots=True)
class Entry:
    """`KEYS[2..] per queue: queue, locks` is ("KEYS", 2, True, "per queue: queue, locks")."""

    table: str
    number: int
    repeated: bool
    meaning: str

    @property
    def meanings(self) -> list[str]:
        """The meanings in each round of a repeated entry."""
        _, colon, listed = self.meaning.partition(": ")
        # Commas within parentheses are part of one meaning.
        return re.split(r", (?![^(]*\))", listed) if colon and self.repeated else [self.meaning]


def header(name: str) -> str:
    lines = (LUA / f"{name}.lua").read_text("utf-8").splitlines()
    end = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(line.removeprefix("--").strip() for line in lines[:end])


def entries(name: str, table: str) -> list[Entry]:
    said, _, _ = header(name).partition("\nReturns")
    parts = re.split(r"(KEYS|ARGV)\[(\d+)(\.\.)?\]", said)[1:]
    found = [
        Entry(where, int(number), dots is not None, " ".join(meaning.split()))
        for where, number, dots, meaning in zip(*[iter(parts)] * 4, strict=True)
    ]
    return [entry for entry in found if entry.table == table]


def code(name: str) -> str:
    """A script with its includes, but without its comments."""
    (script,) = [script for script in scripts.ALL if script.name == name]
    return re.sub(r"--.*", "", script.text)


def value_of(meaning: str, table: dict[str, Any]) -> str:
    """The value that a meaning stands for: the one with the longest name that fits."""
    fitting = [name for name in table if meaning.startswith(name)]
    assert fitting, f"this test knows no value for {meaning!r}"
    return str(table[max(fitting, key=len)])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", ["KEYS", "ARGV"])
def test_entries_are_numbered_without_a_gap(name: str, table: str) -> None:
    found = entries(name, table)
    assert [entry.number for entry in found] == [*range(1, len(found) + 1)]
    assert not any(entry.repeated for entry in found[:-1])


@pytest.mark.parametrize("name", NAMES)
async def test_the_keys_are_those_of_the_header(name: str) -> None:
    names, _ = await sent(name)
    found = entries(name, "KEYS")
    if name == "enqueue":  # what is sent for each job is another test's
        assert found.pop().repeated
        names = names[: len(found)]
    assert names == [*_keys(found)]


def _keys(found: Sequence[Entry]) -> Iterator[str]:
    for entry in found:
        if pattern := re.search(r"rrq:\S+:<[^>]+>", entry.meaning):
            shown = pattern[0].split("<")[0]
            assert value_of(entry.meaning, KEYS).startswith(shown)
        for queue in SETTINGS.queues if entry.repeated else ("low",):
            for meaning in entry.meanings:
                yield value_of(meaning, KEYS).replace(":low", f":{queue}")


@pytest.mark.parametrize("name", NAMES)
async def test_the_arguments_are_those_of_the_header(name: str) -> None:
    _, words = await sent(name)
    found = entries(name, "ARGV")
    rounds = 2  # of what is repeated
    if name == "enqueue":  # what is sent for each job is another test's
        assert found.pop().repeated
        words = words[: len(found)]
    once = [value_of(entry.meaning, ARGV) for entry in found if not entry.repeated]
    again = [value_of(m, ARGV) for entry in found if entry.repeated for m in entry.meanings]
    assert words == once + again * rounds


def test_a_call_for_many_jobs_sends_once_what_all_have_in_common() -> None:
    jobs = [
        NewJob(function="send", args=[1], job_id="a", unique_key="u", queue="low"),
        NewJob(function="send", args=[2], job_id="b", queue="low", defer_by=timedelta(seconds=90)),
    ]
    ready = [job.ready(SETTINGS) for job in jobs]
    _, _, count, *words = batch.call("low", ready, first=7)
    assert words[:count] == [
        *("rrq:queue:low", "rrq:wake:low", "rrq:job:a", "rrq:job:b", "rrq:lock:unique:u")
    ]
    prefix, place, shared, *args = words[count:]
    assert (prefix, place, shared) == ("rrq:job:", 7, 12)
    fields = ready[0].fields
    common = dict(zip(args[:shared:2], args[1:shared:2], strict=True))
    assert common == {n: fields[n] for n in fields if n not in ("job_args", "job_unique_key")}
    assert args[shared:] == [1, "job_args", *("a", 0, 0, "u", "[1]"), *("b", 0, 90_000, "", "[2]")]


@pytest.mark.parametrize("name", NAMES)
def test_the_words_that_a_script_answers_with_are_in_its_header(name: str) -> None:
    body = re.sub(r"redis\.p?call\('\w+'", "", code(name))
    used = {word for word in re.findall(r"'([A-Z]{4,})\b", body) if word in WORDS}
    if re.search(r"owned\(.*, \{\}[,)]", body):
        used.discard("REPEAT")  # this transition has no status of its own to come back to
    _, _, returns = header(name).partition("\nReturns")
    assert {word for word in re.findall(r"[A-Z]{4,}", returns) if word in WORDS} == used


def test_a_claim_answers_with_the_lists_of_its_header() -> None:
    _, _, returns = header("lock_and_pop").partition("\nReturns {")
    named = returns.split("}")[0].split(", ")
    assert f"return {{{', '.join(named)}}}" in code("lock_and_pop")
    assert {name.removesuffix("_s") for name in named} == {
        field.name.removesuffix("_s") for field in fields(Claim)
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_script_includes_what_it_uses_and_no_more(name: str) -> None:
    text = (LUA / f"{name}.lua").read_text("utf-8")
    included = set(re.match(r"-- include: (.+)", text)[1].split())  # type: ignore[index]
    body = re.sub(r"--.*", "", text)
    uses = {
        "_now": r"\b(now_ms|iso)\(",
        "_wake": r"\bwake\(",
        "_rubbish": r"\b(rubbish|may|NOBODY|held_by_another|owned|whole|try_give_back)\b",
        "_unique": r"\b(held_by_another|free_unique|dead_letter|cancel|try_end)\(",
        "_end": r"\b(dead_letter|try_end|cancel|tell|whole)\(",
        "_give_back": r"\bgive_back\(",
        "_dlq": r"\bunlist\(",
        "_owned": r"\bowned\(",
    }
    assert included == {include for include, use in uses.items() if re.search(use, body)}


@pytest.mark.parametrize("name", NAMES)
def test_a_header_says_what_is_atomic_or_how_a_repeat_is_answered(name: str) -> None:
    assert re.search(r"Atomic|REPEAT|renewed", header(name))


def test_every_lua_file_is_a_script_or_an_include() -> None:
    found = {file.name.removesuffix(".lua") for file in LUA.iterdir() if file.name[0] != "_"}
    assert found == {*NAMES}
    assert {*NAMES} == {*CALLS}


def test_only_one_place_spells_key_names() -> None:
    for folder in (LUA, files(rrq_ref)):
        for file in folder.iterdir():
            if file.name.endswith((".lua", ".py")) and file.name != "keys.py":
                body = re.sub(r"--.*|#.*", "", file.read_text("utf-8"))
                assert not re.search(r"['\"]rrq:", body), f"{file.name} spells a key"


def test_the_values_of_these_calls_are_spelled_by_the_data_model() -> None:
    assert KEYS["job hash"] == keys.job("a")
    assert KEYS["claim record"] == keys.claim("worker-1")
