"""What is inferred from the commands of small queues, each with a way of its own to name a job."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import pytest

from chaos.faults import Exec
from chaos.inference.moments import Attempt, Inferred, Observed, infer
from chaos.inference.reader import Reader
from chaos.inference.steps import Shape
from chaos.wire import Exchange, NoReply
from chaos.wire.resp import RespError, Value

WRITING = {
    b"SET",
    b"LPUSH",
    b"PSETEX",
    b"HSET",
    b"BLPOP",
    b"DEL",
    b"ZREM",
    b"XADD",
    b"XREADGROUP",
    b"XACK",
}
MS = 1_000_000


class Run:
    """A clean run as it is written down. Times are in ms."""

    def __init__(self) -> None:
        self.t = 0
        self.exchanges: list[Exchange] = []
        self.attempts: list[Attempt] = []
        self.names: dict[str, set[bytes]] = {}

    def command(
        self, *words: str, reply: Value = b"OK", by: str = "worker-1", queued: Sequence[str] = ()
    ) -> None:
        argv = [word.encode() for word in words]
        if queued:
            argv = Exec(argv, [each.encode().split() for each in queued])
        self.t += 2
        self.exchanges.append(Exchange(by, argv, reply, (self.t - 1) * MS, self.t * MS))

    def handle(self, job: str, *, ok: bool = True, ms: int = 5, by: str = "worker-1") -> None:
        start = self.t + 1
        self.t += ms
        self.ended(job, start, ok, by)

    def ended(self, job: str, start: int, ok: bool, by: str) -> None:
        self.names.setdefault(job, {job.encode()})
        self.attempts.append(
            Attempt(job=job, process=by, start_t=start * MS, end_t=self.t * MS, ok=ok)
        )
        self.t += 1

    def inferred(self) -> Inferred:
        return infer(
            Observed(
                exchanges=self.exchanges, attempts=self.attempts, names=self.names, writing=WRITING
            )
        )

    def moments(self) -> dict[str, str]:
        return {moment: str(shape) for moment, shape in self.inferred().moments.items()}


def locked(run: Run, job: str, *, ok: bool = True, ms: int = 5, by: str = "worker-1") -> None:
    """Reads before it locks; deletes its lock last of all."""
    run.command("ZRANGEBYSCORE", "queue", "-inf", "5", reply=[job.encode()], by=by)
    run.command("SET", f"lock:{job}", by, "NX", by=by)
    run.command("ZREM", "queue", job, reply=1, by=by)
    run.handle(job, ok=ok, ms=ms, by=by)
    run.command("HSET", f"job:{job}", "status", "COMPLETED" if ok else "FAILED", reply=0, by=by)
    run.command("DEL", f"lock:{job}", reply=1, by=by)


def test_a_read_takes_nothing_and_what_comes_last_ends_nothing() -> None:
    run = Run()
    for job, by in (("j1", "worker-1"), ("j2", "worker-2")):
        locked(run, job, by=by)
    assert run.moments() == {"claim": "SET lock:*", "finish": "HSET job:*"}


def test_an_end_that_two_outcomes_share_is_told_apart_by_the_handler() -> None:
    run = Run()
    locked(run, "good")
    locked(run, "bad", ok=False)
    inferred = run.inferred()
    assert {str(inferred.moments[m]) for m in ("finish", "bury")} == {"HSET job:*"}
    exchange = Exchange("worker-1", [b"HSET", b"job:good", b"status", b"x"], 0, 1, 2)
    for outcome, op in (("ok", "finish"), ("error", "bury")):
        reader = Reader(inferred, {b"good": "good"}, said(outcome))
        assert [event.op for event in reader(exchange)] == [op]
    assert not [*Reader(inferred, {b"good": "good"}, lambda *_: None)(exchange)]


def said(outcome: str) -> Callable[[str, str], str]:
    return lambda job, process: outcome


def test_an_end_that_is_also_written_when_a_job_is_to_be_retried_is_left_out() -> None:
    run = Run()
    for job in ("j1", "j2"):
        run.command("BLPOP", "queue", reply=job.encode())
        run.handle(job)
        run.command("SET", f"result:{job}", "SUCCESS")
    run.command("BLPOP", "queue", reply=b"j3")
    run.handle("j3", ok=False)
    run.command("LPUSH", "queue", "j3")
    run.command("BLPOP", "queue", reply=b"j3")
    run.handle("j3")
    run.command("SET", "result:j3", "RETRY")  # of its first run, and late
    run.command("SET", "result:j3", "SUCCESS")
    assert run.moments() == {"claim": "BLPOP queue", "retry": "LPUSH queue"}
    (why,) = (reason for reason in run.inferred().reasons if reason.startswith("finish"))
    assert why == "finish: SET result:* came 2 times for a job with 1 such ends"


def test_a_job_that_runs_again_was_retried_and_otherwise_buried() -> None:
    run = Run()
    for job in ("j1", "j2"):
        run.command("BLPOP", "queue", "1", reply=[b"queue", job.encode()])
        run.handle(job, ok=False)
        run.command("ZADD", "later", "1", job)
        run.command("EVALSHA", "aaaa", "1", f"retry:{job}")
        run.command("BLPOP", "queue", "1", reply=[b"queue", job.encode()])
        run.handle(job, ok=False)
        run.command("EVALSHA", "bbbb", "1", f"retry:{job}")
    assert run.moments() == {
        "claim": "BLPOP queue", "retry": "EVALSHA aaaa", "bury": "EVALSHA bbbb",
    }  # fmt: skip


def test_a_script_is_one_command_however_it_is_sent() -> None:
    run = Run()
    sha = hashlib.sha1(b"return 1").hexdigest()
    for job, command in {"j1": ("EVAL", "return 1"), "j2": ("EVALSHA", sha)}.items():
        run.command("BLPOP", "queue", "1", reply=[b"queue", job.encode()])
        run.handle(job)
        run.command(*command, "1", f"done:{job}")
    finish = run.inferred().moments["finish"]
    assert str(finish) == f"EVALSHA {sha}"
    assert finish.meets([b"EVAL", b"return 1", b"1", b"done:j3"])
    assert not finish.meets([b"EVAL", b"return 2", b"1", b"done:j3"])


def test_a_transaction_is_one_step() -> None:
    run = Run()
    for job in ("j1", "j2"):
        run.command("PSETEX", f"busy:{job}", "9", "1", reply=b"QUEUED")
        run.command("EXEC", queued=[f"PSETEX busy:{job} 9 1"], reply=[b"OK"])
        run.handle(job)
        run.command("SET", f"result:{job}", "7")
    assert run.moments()["claim"] == "EXEC PSETEX busy:*"
    inferred = run.inferred()
    match = inferred.moments["claim"].match()
    assert match(Exec([b"EXEC"], [[b"PSETEX", b"busy:other", b"9", b"1"]]))
    assert not match([b"PSETEX", b"busy:other", b"9", b"1"])
    assert not match(Exec([b"EXEC"], [[b"SET", b"x", b"1"]]))
    reader = Reader(inferred, {b"j2": "j2"}, said("ok"))
    executed = Exec([b"EXEC"], [[b"PSETEX", b"busy:j2", b"9", b"1"]])
    (claim,) = reader(Exchange("worker-1", executed, [b"OK"], 1, 2))
    assert (claim.op, claim.job, claim.answer) == ("claim", "j2", "ok")


def test_an_entry_of_a_stream_goes_by_its_own_id() -> None:
    run = Run()
    for n, job in enumerate(("j1", "j2"), 1):
        entry = f"170000000000{n}-0"
        run.names[job] = {job.encode(), entry.encode()}
        held: list[Value] = [b"job", job.encode()]
        found: Value = [[b"stream", [[entry.encode(), held]]]]
        run.command("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">", reply=found)
        run.handle(job)
        run.command("XACK", "stream", "g", entry, reply=1)
    assert run.moments() == {"claim": "XREADGROUP stream", "finish": "XACK stream"}


def test_what_recurs_during_a_long_job_renews_it() -> None:
    run = Run()
    run.command("BLPOP", "queue", "1", reply=[b"queue", b"j1"])
    start = run.t + 1
    run.command("HSET", "job:j1", "status", "running", reply=1)
    for _ in range(3):
        run.t += 500
        run.command("SET", "lease:j1", "x", "XX")
    run.ended("j1", start, True, "worker-1")
    run.command("DEL", "job:j1", reply=1)
    assert run.moments() == {
        "claim": "BLPOP queue", "refresh": "SET lease:*", "finish": "DEL job:*"
    }  # fmt: skip


def test_what_differs_from_job_to_job_is_left_out_with_the_reason() -> None:
    run = Run()
    for job, end in (("j1", "HSET"), ("j2", "DEL")):
        run.command("BLPOP", "queue", "1", reply=[b"queue", job.encode()])
        run.handle(job)
        run.command(end, f"job:{job}", reply=1)
    assert run.moments() == {"claim": "BLPOP queue"}
    assert "finish: not always by the same command (DEL job:*, HSET job:*)" in [
        *run.inferred().lines()
    ]


def test_a_key_of_the_worker_s_own_is_no_part_of_a_command() -> None:
    run = Run()
    for job, by in (("j1", "worker-1"), ("j2", "worker-2")):
        run.command("HSET", f"of:{by}:busy", job, reply=1, by=by)
        run.handle(job, by=by)
        run.command("DEL", f"job:{job}", reply=1, by=by)
    assert run.moments()["claim"] == "HSET of:worker-*:busy"


@pytest.mark.parametrize(
    ("reply", "answer"), [(1, "ok"), (0, None), (NoReply(), None)], ids=["seen", "new", "none"]
)
def test_only_a_reply_that_was_seen_says_that_an_end_was_accepted(
    reply: Value | NoReply, answer: str | None
) -> None:
    run = Run()
    for job in ("j1", "j2"):
        run.command("BLPOP", "queue", "1", reply=[b"queue", job.encode()])
        run.handle(job)
        run.command("HSET", "results", job, reply=1)
    reader = Reader(run.inferred(), {b"j1": "j1"}, said("ok"))
    (finish,) = reader(Exchange("worker-1", [b"HSET", b"results", b"j1"], reply, 1, 2))
    assert (finish.op, finish.job, finish.answer) == ("finish", "j1", answer)


def test_a_claim_that_finds_nothing_is_none() -> None:
    run = Run()
    run.command("BLPOP", "queue", "1", reply=[b"queue", b"j1"])
    run.handle("j1")
    reader = Reader(run.inferred(), {b"j1": "j1"}, said("ok"))
    assert not [*reader(Exchange("worker-1", [b"BLPOP", b"queue", b"1"], None, 1, 2))]


def test_a_reader_learns_the_ids_of_a_stream_s_entries() -> None:
    run = Run()
    run.names["j1"] = {b"j1", b"1700000000001-0"}
    held: list[Value] = [b"job", b'{"id": "j1"}']
    found: Value = [[b"stream", [[b"1700000000001-0", held]]]]
    run.command("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">", reply=found)
    run.handle("j1")
    run.command("XACK", "stream", "g", "1700000000001-0", reply=1)
    reader = Reader(run.inferred(), {b"j1": "j1"}, said("ok"))
    seen = [event for exchange in run.exchanges for event in reader(exchange)]
    assert [(event.op, event.job) for event in seen] == [("claim", "j1"), ("finish", "j1")]


@pytest.mark.parametrize("text", ["BLPOP queue", "EXEC PSETEX busy:*", "EVALSHA abc", "TIME"])
def test_a_shape_is_what_its_text_says(text: str) -> None:
    assert str(Shape.parse(text)) == text


@pytest.mark.parametrize("text", ["", "EXEC", "SET a b"])
def test_a_text_that_is_no_shape(text: str) -> None:
    with pytest.raises(ValueError, match="its name and its key"):
        Shape.parse(text)


@pytest.mark.parametrize(
    ("reply", "answer"), [(b"OK", "ok"), (1, "ok"), (0, None), (RespError("ERR"), None)]
)
def test_of_a_given_command_only_what_may_be_a_refusal_is_doubted(
    reply: Value, answer: str | None
) -> None:
    reader = Reader(Inferred({"finish": Shape.parse("HSET r")}), {b"j1": "j1"}, said("ok"))
    (finish,) = reader(Exchange("worker-1", [b"HSET", b"r", b"j1"], reply, 1, 2))
    assert finish.answer == answer


def test_a_queue_that_runs_a_failed_job_again_is_known_for_it() -> None:
    run = Run()
    locked(run, "bad", ok=False)
    assert not run.inferred().retried
    locked(run, "bad")
    assert run.inferred().retried
