"""Which command of an enqueue makes it true."""

from __future__ import annotations

from chaos.faults import Exec
from chaos.inference.enqueueing import storing
from chaos.wire import Exchange
from chaos.wire.resp import RespError, Value

NAMES = {b"job-00001", b"0123-4567"}
WRITING = {b"SADD", b"SET", b"LPUSH", b"ZADD", b"SCRIPT"}


def sent(words: str, reply: Value = 1, queued: tuple[str, ...] = ()) -> Exchange:
    argv = words.encode().split()
    argv = Exec(argv, [each.encode().split() for each in queued]) if queued else argv
    return Exchange("producer", argv, reply, 1, 2)


def found(*exchanges: Exchange) -> tuple[str, int] | None:
    step = storing(exchanges, NAMES, WRITING)
    return (step.match.label, step.nth) if step is not None else None


def test_it_is_the_last_write_that_names_the_job() -> None:
    told = sent("SADD queues q"), sent("SET job:0123-4567 x"), sent("LPUSH q 0123-4567")
    after = sent("PUBLISH news job-00001"), sent("SET stamp 7"), sent("GET job:0123-4567")
    assert found(*told, *after) == ("LPUSH q", 1)


def test_a_job_may_be_named_by_its_text() -> None:
    assert found(sent('LPUSH q {"id":"job-00001"}')) == ("LPUSH q", 1)


def test_a_transaction_is_one_step() -> None:
    words = "SET job:job-00001 x", "ZADD q 1 job-00001"
    steps = [sent(each, b"QUEUED") for each in words]
    told = sent("EXEC", [b"OK", 1], words)
    assert found(sent("MULTI", b"OK"), *steps, told) == ("EXEC SET job:*", 1)


def test_of_the_same_command_it_is_the_last() -> None:
    assert found(sent("LPUSH q job-00001"), sent("LPUSH q job-00001")) == ("LPUSH q", 2)


def test_a_command_that_failed_has_written_nothing() -> None:
    no_script = RespError("NOSCRIPT")
    told = sent("EVALSHA f00d 1 q job-00001", no_script), sent("SCRIPT LOAD job-00001", b"f00d")
    assert found(*told) is None
    assert found(*told, sent("EVALSHA f00d 1 q job-00001")) == ("EVALSHA f00d", 2)


def test_of_an_enqueue_that_names_no_job_nothing_is_known() -> None:
    assert found(sent("LPUSH q something")) is None


def test_what_a_transaction_did_not_come_to_execute_has_written_nothing() -> None:
    words = ("LPUSH q job-00001",)
    assert found(sent(*words, b"QUEUED"), sent("EXEC", RespError("EXECABORT"), words)) is None
