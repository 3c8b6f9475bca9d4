"""The power fails at every boundary of an append-only file, as the file itself tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import redis

from chaos.rewind.prefix import Prefix
from chaos.rewind.recording import Recording
from chaos.rewind.recovery import Recovery
from chaos.rewind.rewinding import complete, rewind
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.servers import ServerProblem, open_server
from chaos.servers.aof import AppendOnlyFile
from chaos.servers.embedded import embedded_binary
from chaos.targets import WorkerSettings
from tests.chaos.rig.running import run


def broken(report: Path) -> set[str]:
    checks = json.loads(report.read_text())["checks"]
    return {check["anomaly"] for check in checks if check["status"] == "broken"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "anomalies"),
    [
        ((), 0, set()),
        (("--durability", "everysec"), 1, {"lost"}),
        # What it stores in two steps can be cut in two.
        (("--target", "chaos.planted.target:retry_in_two_steps"), 1, {"lost", "stuck"}),
    ],
)
def test_every_state_that_was_durable_is_judged(
    words: tuple[str, ...], code: int, anomalies: set[str], tmp_path: Path
) -> None:
    out, report = tmp_path / "run", tmp_path / "verdict.json"

    done = run(
        *("chaos.power_loss", "--jobs", "2", "--seed", "1", "--workers", "1"),
        *("--out", str(out), "--json", str(report), *words),
    )

    assert done.returncode == code, done.stdout + done.stderr
    assert anomalies <= broken(report)
    recovered = re.search(r"(\d+) of (\d+) prefixes recovered", done.stdout)
    assert recovered is not None
    # Afterwards, keys that expired were deleted.
    count, whole = map(int, recovered.groups())
    assert count == whole <= len(AppendOnlyFile(out / "server").boundaries())
    cuts = [f for f in json.loads(report.read_text())["faults"] if f["kind"].startswith("server")]
    assert sum(fault["landed"] for fault in cuts) == count > 30


@pytest.fixture
def written(tmp_path: Path) -> AppendOnlyFile:
    """A command, a script's three effects and another command, each with a job's id."""
    with open_server("embedded", tmp_path / "server", durability="always") as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("rrq:job:one", 1)
            client.eval(
                "for _, k in ipairs(KEYS) do redis.call('SET', k, 1) end",
                3,
                "rrq:job:one",
                "rrq:job:two",
                "other",
            )  # fmt: skip - one call
            client.rpush("list", "two")
        return AppendOnlyFile(tmp_path / "server")


def test_a_script_is_one_unit_with_boundaries_inside(written: AppendOnlyFile) -> None:
    units = written.units()

    assert [len(unit.commands) for unit in units[-2:]] == [5, 1]
    assert {b"one", b"two", b"other"} <= units[-2].words()
    assert b"two" in units[-1].words()
    assert written.boundaries()[-1] == units[-1].end == written.size()
    assert len(written.boundaries()) == 1 + sum(len(unit.commands) for unit in units)


@pytest.mark.parametrize(("back", "keys"), [(0, 4), (1, 3), (2, 1), (4, 1), (6, 1)])
def test_a_server_starts_on_whole_units_of_a_prefix(
    back: int, keys: int, written: AppendOnlyFile, tmp_path: Path
) -> None:
    """The cut is `back` commands before the end. A transaction that is cut never happened."""
    written.cut(written.boundaries()[-1 - back], tmp_path / "again")

    with (
        open_server("embedded", tmp_path / "again", durability="everysec") as server,
        redis.Redis.from_url(server.url) as client,
    ):
        assert client.dbsize() == keys


@pytest.mark.parametrize("text", ["*1\r\n$5\r\nMULTI\r\n", "*1\r\n$4\r\nPI", "nonsense\r\n"])
def test_a_file_that_is_cut_short_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").write_text(text, newline="")

    with pytest.raises(ServerProblem):
        AppendOnlyFile(tmp_path).units()


def event(t: int, type: str, **fields: object) -> dict[str, object]:
    return {"t": t, "process": "p", "pid": 1, "type": type, **fields}


def command(*words: str) -> str:
    return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """A job `j` is enqueued, claimed and finished by one command each. The claim comes before the
    reply to the enqueue."""
    steps = [command("SET", f"job:{job}", step) for job, step in zip("xjjj", "nqad", strict=True)]
    ends = [sum(map(len, steps[: n + 1])) for n in range(4)]
    (tmp_path / "appendonly.aof").write_text("".join(steps), newline="")
    wire = {"job": "j", "answer": "ok", "token": 1}
    events = [
        event(1, "process", event="spawn", name="w"),
        event(2, "enqueue", phase="invoke", op="j", job="j"),
        event(10, "transition", op="claim", aof=ends[2], aof_t=11, **wire),
        event(12, "transition", op="enqueue", aof=ends[2], aof_t=13, **wire),
        event(14, "enqueue", phase="ok", op="j", job="j", answer_job="j"),
        event(20, "start", job="j", token=1),
        event(30, "end", job="j", token=1, outcome="ok"),
        event(40, "transition", op="finish", aof=ends[3], aof_t=41, **wire),
    ]
    history = tmp_path / "history"
    history.mkdir()
    (history / "all.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    return Recording(history, AppendOnlyFile(tmp_path))


def test_a_prefix_knows_what_had_happened_and_no_more(recording: Recording) -> None:
    told = [
        {(str(e["type"]), str(e.get("phase", e.get("op", "")))) for e in recording.until(prefix)}
        for prefix in recording.prefixes()
    ]

    assert all(("enqueue", "ok") not in one for one in told[:2])
    assert all(("enqueue", "ok") in one for one in told[2:])
    assert [("transition", "claim") in one for one in told] == [False] * 3 + [True] * 2
    assert [("start", "") in one for one in told] == [False] * 3 + [True] * 2
    assert [("transition", "finish") in one for one in told] == [False] * 4 + [True]
    assert all(("process", "") in one for one in told)  # and everybody's end


def test_a_prefix_that_was_not_drained_is_not_counted(tmp_path: Path) -> None:
    prefixes = [Prefix(name=n, size=0, whole=0, t=1, jobs=()) for n in ("whole", "half", "none")]
    for name, what in (("whole", "read"), ("half", "job")):
        (tmp_path / name).mkdir()
        line = json.dumps({"type": "final", "what": what})
        (tmp_path / name / "rig.jsonl").write_text(line + "\n")

    assert [prefix.name for prefix in complete(prefixes, tmp_path)] == ["whole"]


@pytest.mark.parametrize(
    ("target", "limit_s", "told"),
    [
        ("rrq_ref", 40.0, r"p00000 or one of the next ended with exit code 1; see .*p00000\.log"),
        ("rrq_ref", 0.0, r"p00000 and 1 more takes too long; see .*p00000\.log"),
        ("nowhere:TARGET", 40.0, r"fork server has ended.*see .*fork-server\.log"),
    ],
)
def test_a_recovery_that_fails_is_told(
    target: str, limit_s: float, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.rewind.rewinding._RECOVERY_S", limit_s)
    monkeypatch.setattr("chaos.rewind.rewinding._AT_ONCE_PER_CPU", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr("chaos.rewind.rewinding._BATCHES_EACH", 1)
    text = "nonsense\r\n"  # no server starts on it
    (tmp_path / "appendonly.aof").write_text(text, newline="")
    recovery = Recovery(
        target=target,
        settings=WorkerSettings(),
        binary=str(embedded_binary()),
        source=str(tmp_path),
    )
    prefixes = [Prefix(name=f"p{n:05d}", size=len(text), whole=0, t=1, jobs=()) for n in range(2)]
    with pytest.raises(RigProblem, match=told):
        rewind(prefixes, recovery, tmp_path / "prefixes", Progress(None))


def test_without_the_wire_nothing_is_concluded(tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").write_text(command("SET", "a", "1"), newline="")
    (tmp_path / "history").mkdir()

    with pytest.raises(RigProblem, match="no transition was seen"):
        Recording(tmp_path / "history", AppendOnlyFile(tmp_path))
