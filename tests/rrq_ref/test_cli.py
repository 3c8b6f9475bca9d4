"""`python -m rrq_ref`: its output, its exit codes, and one clear sentence for bad input."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rrq_ref import keys
from rrq_ref.__main__ import main
from rrq_ref.client import SyncClient

from .commands import Cli, cli, handlers_in, plain
from .conftest import Leaks
from .database import Database

__all__ = ["cli", "plain"]

# enqueue, job, queue, health


def test_enqueue_prints_the_id_and_job_shows_it(
    cli: Cli, database: Database, plain: SyncClient
) -> None:
    words = ["send", '"ada"', "2", "[null]", "--kwargs", '{"a": 1}', "--queue", "mail"]
    done = cli("enqueue", *words, "--max-retries", "3", "--unique-key", "u")
    assert (done.code, done.err) == (0, "")
    (job_id,) = done.lines
    job = plain.job(job_id)
    assert (job.function, job.args, job.kwargs) == ("send", ["ada", 2, [None]], {"a": 1})
    assert (job.queue, job.max_retries, job.unique_key) == ("mail", 3, "u")
    assert database.queued("mail") == [job_id]

    shown = cli("job", job_id)
    assert shown.code == 0
    printed = json.loads(shown.out)
    assert (printed["id"], printed["status"], printed["args"]) == (job_id, "PENDING", job.args)


def test_the_same_id_twice_is_one_job(cli: Cli, database: Database) -> None:
    assert [cli("enqueue", "send", "--id", "a").lines for _ in range(2)] == [["a"], ["a"]]
    assert database.queued() == ["a"]


def test_an_unknown_job_is_an_error(cli: Cli) -> None:
    done = cli("job", "nosuch")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: there is no job nosuch")


def test_queue_shows_sizes(cli: Cli, plain: SyncClient) -> None:
    cli("enqueue", "send")
    plain.enqueue("send", defer_by=timedelta(hours=1))
    assert cli("queue").lines == ["default queued=2 due=1 locked=0 dead=0"]
    done = cli("queue", "mail", "rrq:queue:default")
    assert done.lines == [
        "mail queued=0 due=0 locked=0 dead=0",
        "rrq:queue:default queued=2 due=1 locked=0 dead=0",
    ]
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert done.err.startswith("error: no queue is named 'mail': ")


def test_an_empty_database_has_an_empty_default_queue(cli: Cli) -> None:
    assert cli("queue").lines == ["default queued=0 due=0 locked=0 dead=0"]
    assert (cli("queues").code, cli("queues").out) == (0, "")


def test_queues_shows_all_there_are(cli: Cli, plain: SyncClient, database: Database) -> None:
    plain.enqueue("send", queue="mail")
    plain.enqueue("send", queue="a b\nc")
    plain.enqueue("send", queue="sms", unique_key="u", defer_by=timedelta(hours=1))
    database.redis.zadd(keys.locks("held"), {"x": 1})
    database.redis.lpush(keys.dlq("left:over"), "y")
    database.redis.set(keys.queue("odd"), "no sorted set")
    report = json.dumps({"worker_id": "w", "queues": ["idle", 7]})
    database.redis.set(keys.health("w"), report, ex=60)
    for n in range(2_000):
        database.redis.set(f"somebody:else:{n}", 1)
    assert cli("queues").lines == [
        r"a b\nc queued=1 due=1 locked=0 dead=0",
        "held queued=0 due=0 locked=1 dead=0",
        "idle queued=0 due=0 locked=0 dead=0",
        "left:over queued=0 due=0 locked=0 dead=1",
        "mail queued=1 due=1 locked=0 dead=0",
        "odd unreadable",
        "sms queued=1 due=0 locked=0 dead=0",
    ]
    sizes = plain.queues()
    assert sizes["sms"] == {"queued": 1, "due": 0, "locked": 0, "dead": 0}
    assert list(sizes) == ["a b\nc", "held", "idle", "left:over", "mail", "odd", "sms"]
    assert cli("queue", "idle", "left:over").code == 0  # somebody serves it, or served it
    database.redis.flushall()


@pytest.mark.parametrize("words", [["queue", "mial"], ["dlq", "list", "--queue", "mial"]])
def test_a_mistyped_queue_is_not_silently_empty(
    cli: Cli, plain: SyncClient, words: list[str]
) -> None:
    plain.enqueue("send", queue="mail")
    done = cli(*words)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert done.err.startswith("error: no queue is named 'mial'")
    assert done.err.endswith("did you mean mail?\n")


def test_the_url_may_stand_on_both_sides_of_the_command(
    url: str, cli: Cli, plain: SyncClient
) -> None:
    plain.enqueue("send")
    nowhere = "redis://127.0.0.1:1/0"
    assert cli("queue", "--redis", url, redis=nowhere).lines == cli("queue").lines
    assert cli("queue", f"--redis={url}", "default", redis=nowhere).code == 0
    assert cli("dlq", "list", "--redis", url, "--queue", "default", redis=nowhere).code == 0
    assert cli("enqueue", "send", "1", "--redis", nowhere).code == 1


def test_health_lists_the_living_and_fails_when_there_are_none(
    cli: Cli, database: Database
) -> None:
    nobody = cli("health")
    assert (nobody.code, nobody.out, nobody.err) == (1, "", "no worker is alive\n")
    for worker in ("w2", "w1"):
        report = json.dumps({"worker_id": worker, "status": "running"})
        database.redis.set(keys.health(worker), report, ex=60)
    done = cli("health")
    assert done.code == 0
    assert [json.loads(line)["worker_id"] for line in done.lines] == ["w1", "w2"]


@pytest.mark.parametrize(
    "rubbish", [b"{", b"3", b"\xff", b"[" * 100_000, b'"x"', b""], ids=lambda raw: repr(raw[:5])
)
def test_one_bad_health_key_hides_no_worker(
    cli: Cli, database: Database, rubbish: bytes, leaks: Leaks
) -> None:
    leaks.allow(keys.health("*"))
    database.redis.set(keys.health("w0\n"), rubbish, ex=60)
    nobody = cli("health")
    assert (nobody.code, nobody.out) == (1, "")
    database.redis.set(keys.health("w1"), json.dumps({"worker_id": "w1"}), ex=60)
    database.redis.lpush(keys.health("w2"), "a list")
    database.redis.expire(keys.health("w2"), 60)
    done = cli("health")
    assert done.code == 0
    assert [json.loads(line)["worker_id"] for line in done.lines] == ["w1"]
    assert done.err == "the health key of w0\\n cannot be read; skipped\n"


# Bad input

WRONG: list[tuple[list[str], str]] = [
    ([], "COMMAND"),
    (["fly"], "'fly'"),
    (["enqueue"], "function"),
    (["enqueue", ""], "name a handler"),
    (["enqueue", "send", "ada"], "'ada' is not JSON"),
    (["enqueue", "send", "--kwargs", "{"], "'{' is not JSON"),
    (["enqueue", "send", "--kwargs", "[1]"], "kwargs"),
    (["enqueue", "send", "--kwargs", "3"], "kwargs"),
    (["enqueue", "send", "NaN"], "args cannot be written as JSON"),
    (["enqueue", "send", "--max-retries", "0"], "max_retries is 0"),
    (["enqueue", "send", "--max-retries", "many"], "'many'"),
    (["dlq"], "action"),
    (["dlq", "empty"], "'empty'"),
    (["dlq", "delete"], "dlq delete needs to know what"),
    (["worker"], "--handlers"),
    (["worker", "--handlers", "nosuchmodule"], "nosuchmodule"),
    (["worker", "--handlers", "json:nosuch"], "nosuch"),
    (["worker", "--handlers", "json:dumps"], "not a mapping of names to functions"),
    (["worker", "--handlers", ":x"], "--handlers"),
    (["worker", "--handlers", "signal:__dict__"], "not a mapping of names to functions"),
    (["worker", "--handlers", "rrq_ref.keys:__dict__", "--hooks", "json:x"], "--hooks json:x"),
    (
        ["worker", "--handlers", "rrq_ref.keys:__dict__", "--hooks", "json:dumps"],
        "is not an rrq_ref.Hooks",
    ),
    (["worker", "--handlers", "os:environ", "--concurrency", "0"], "concurrency is 0"),
    (["worker", "--handlers", "os:environ", "--queues", ""], "queues is ('',)"),
    (["worker", "--handlers", "os:environ", "--queues", "a,,b"], "none empty"),
    (["worker", "--handlers", "os:environ", "--queues", "a, ,b"], "none empty"),
    (["worker", "--handlers", "os:environ", "--queues", "a, b ,a"], "give each name once"),
    (["worker", "--handlers", "os:environ", "--queues", "a,rrq:queue:a"], "give each name once"),
    (["worker", "--handlers", "os:environ", "--queues", "rrq:queue:"], "none empty"),
    (["worker", "--handlers", "os:environ", "--concurrency", "x"], "'x'"),
    (["worker", "--handlers", "os:environ", "--concurrency", "9" * 20], "at most"),
    (["worker", "--handlers", "os:environ", "--lock-ttl-ms", "1.5"], "'1.5'"),
    (["enqueue", "send", "--id", ""], "job_id is '', which is empty"),
    (["enqueue", "send", "--queue", ""], "queue is '', which is empty"),
    (["enqueue", "send", "--queue", "rrq:queue:"], "which is empty"),
    (["enqueue", "send", "--unique-key", ""], "unique_key is '', which is empty"),
    (["enqueue", "send", "[" * 100_000], "is not JSON"),
    (["enqueue", "send", "1" * 10_000], "is not JSON"),
    (["enqueue", "send", "--queu e", "x"], "--queu e"),
    (["job", "no\nsuch"], r"no\nsuch"),
    (["dlq", "list", "--queue", "no\nsuch"], r"no\nsuch"),
    (["queue", "--nosuch"], "--nosuch"),
    (["worker", "--handlers", "os:environ", "--lock-ttl-ms", "1"], "lock_ttl_ms is 1"),
    (["worker", "--handlers", "os:environ", "--drain-timeout-s", "-1"], "drain_timeout_s is -1"),
    (["worker", "--handlers", "os:environ", "--drain-timeout-s", "nan"], "drain_timeout_s is nan"),
    (["worker", "--handlers", "os:environ", "--max-jobs", "-1"], "max_jobs is -1"),
    (["worker", "--handlers", "os:environ", "--hung-after-s", "1"], "hung_after_s is 1.0"),
    (["worker", "--handlers", "os:environ", "--max-early-crashes", "-1"], "max_early_crashes is"),
    (["worker", "--handlers", "string:__spec__"], "not a mapping of names to functions"),
]


@pytest.mark.parametrize(("words", "says"), WRONG, ids=[" ".join(w)[:60] or "-" for w, _ in WRONG])
def test_bad_input_is_answered_with_one_sentence(
    cli: Cli, database: Database, words: list[str], says: str
) -> None:
    with database.untouched():
        done = cli(*words)
    assert done.code in (1, 2)
    assert done.out == ""
    last = done.err.splitlines()[-1]
    assert "error: " in last
    assert says in last
    assert "--redis" not in last


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "\n\nimport nosuch_module\n",
            ("ModuleNotFoundError: No module named 'nosuch_module'", "3"),
        ),
        ("\ndef f(:\n", ("SyntaxError: invalid syntax (bad_jobs.py, line 2)", "")),
        ("\n\n\n1 / 0\n", ("ZeroDivisionError: division by zero", "4")),
        ("import sys\nsys.exit('two\\nlines')\n", ("SystemExit: two\\nlines", "2")),
        ("import json\njson.loads('{')\n", ("JSONDecodeError: ", "")),
        ("raise ImportError\n", ("ImportError: ", "1")),
    ],
)
def test_an_error_of_a_handlers_module_names_file_and_line(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, says: tuple[str, str]
) -> None:
    path = tmp_path / "bad_jobs.py"
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    done = cli("worker", "--handlers", "bad_jobs")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"error: --handlers bad_jobs cannot be loaded: {says[0]}")
    if says[1]:
        assert done.err.endswith(f" ({path}, line {says[1]})\n")


def test_a_module_that_is_not_there_has_no_line(cli: Cli) -> None:
    done = cli("worker", "--handlers", "nosuchmodule")
    assert done.err.endswith("ModuleNotFoundError: No module named 'nosuchmodule'\n")


SECRET = "s3cr3t"
LEAKY: list[list[str]] = [
    ["--redis", f"redis://ada:{SECRET}@127.0.0.1:1/0", "queue"],
    ["--redis", f"redis://ada:{SECRET}@h:port/0", "queue"],
    ["--redis", f"redis://ada:{SECRET}/{SECRET}@h/0", "queue"],
    ["queue", "--redis", f"nonsense://:{SECRET}@h"],
    ["queue", f"redis://:{SECRET}@h", "--redis", "nonsense"],
    ["queue", "--rediss", f"redis://:{SECRET}@h"],
    ["--rediss", f"redis://:{SECRET}@h", "queue"],
    ["enqueue", "send", f"redis://:{SECRET}@h"],
    ["dlq", f"redis://:{SECRET}@h"],
    [f"redis://:{SECRET}@h"],
    ["worker", "--handlers", f"unix:///s?password={SECRET}"],
    ["worker", "--handlers", "os:environ", "--redis", f"redis://h?pasword={SECRET}"],
]


@pytest.mark.parametrize("words", LEAKY, ids=lambda words: " ".join(words))
def test_no_error_shows_the_password(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    try:
        code = main(words)
    except SystemExit as left:
        code = int(left.code or 0)
    out, err = capsys.readouterr()
    assert (code in (1, 2), out) == (True, "")
    assert "error: " in err
    assert SECRET not in err


def test_a_url_of_the_environment_is_used_and_its_password_never_shown(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = urlsplit(url).password
    assert own
    monkeypatch.setenv("RRQ_REDIS_URL", url)
    assert main(["queue"]) == 0
    monkeypatch.setenv("RRQ_REDIS_URL", f"redis://:{SECRET}@h:x")
    assert main(["queue"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: RRQ_REDIS_URL redis://:***@h:x: ")
    for words in (["--help"], ["queue", "--help"], ["worker", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    told = "".join((*capsys.readouterr(), *shown))
    assert SECRET not in told
    assert own not in told


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_fleet_of_no_workers_is_refused(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: str
) -> None:
    handlers_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("rrq_ref.fleet.Fleet.run", lambda _: pytest.fail("it was started"))
    done = cli("worker", "--handlers", "cli_handlers", "--num-workers", count)
    assert done.code == 2
    assert count in done.err.splitlines()[-1]
    assert "--redis" not in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("redis", "code", "says"),
    [
        ("nonsense", 2, "--redis nonsense"),
        ("redis://127.0.0.1:notaport/0", 2, "--redis redis://127.0.0.1:notaport/0"),
        ("redis://127.0.0.1:1/0", 1, "connecting to 127.0.0.1:1"),
        ("unix:///nosuch/socket", 1, "No such file"),
    ],
)
def test_a_redis_that_cannot_be_reached_is_named(
    cli: Cli, redis: str, code: int, says: str
) -> None:
    for words in (["enqueue", "send"], ["job", "a"], ["queue"], ["health"], ["dlq", "list"]):
        done = cli(*words, redis=redis)
        assert (done.code, done.out) == (code, "")
        assert done.err.count("\n") == 1
        assert done.err.startswith("error: ")
        assert says in done.err
