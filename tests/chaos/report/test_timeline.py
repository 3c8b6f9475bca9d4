"""The timeline: one page with every event, however odd the history is."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import Verdict, judging
from chaos.history import HistoryProblem
from chaos.history.schema import COLUMNS, REQUIRED, WORDS
from chaos.report import write_timeline
from chaos.report.choice import MAX_JOBS
from chaos.report.scene import MAX_FAULTS, MAX_LANES
from chaos.report.stories import MAX_LINES
from tests.chaos.checks.story import END_MS, Story, ns
from tests.chaos.report.verdicts import HOSTILE, check, verdict

ID = HOSTILE.replace("\ud800", "")


def page_of(run_dir: Path, instead: Verdict | None = None) -> str:
    """The page as it is in a run directory; with a verdict made by hand, where one is given."""
    path = run_dir / "timeline.html"
    with judging(run_dir) as (verdict, history):
        write_timeline(history, instead or verdict, path)
    return path.read_text(encoding="utf-8")


def drawn(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def draw(story: Story, tmp_path: Path) -> dict[str, Any]:
    return drawn(page_of(story.write(tmp_path)))


def told(data: dict[str, Any], job: str) -> list[str]:
    found = next(entry for entry in data["jobs"] if entry["id"] == job)
    return [f"{line['who']}: {line['text']}" for line in found["story"]]


def simple(job: str = "j1") -> Story:
    story = Story()
    story.enqueue(job)
    story.attempt(job, at=10, until=50)
    story.finally_(job, "completed")
    return story


def test_the_page_needs_no_other_file_and_begins_with_the_verdict(tmp_path: Path) -> None:
    story = simple()
    story.finally_("lost-1", "missing")
    story.enqueue("lost-1")
    page = page_of(story.write(tmp_path))
    assert not re.search(r"""(?:src|href)\s*=|url\(\s*["']?(?!#)|@import|fetch\(""", page)
    assert re.findall(r"https?://\S+?\"", page) == ['http://www.w3.org/2000/svg"']
    text = re.sub(r"(<[^>]*>|\s)+", " ", page[page.index("<header>") :])
    assert text.startswith(" FAIL golden a promised guarantee was broken (exit code 1)")
    assert "job lost-1 was acknowledged" in page
    assert "prefers-color-scheme: dark" in page


def test_what_the_queue_under_test_wrote_is_text(tmp_path: Path) -> None:
    story = simple(ID)
    story.run |= {"scenario": ID, "target": ID, "command": ID}
    story.enqueue(f"{ID}2")
    story.finally_(f"{ID}2", "missing")
    story.event("enqueue", at=5, phase="info", op="op9", job=ID, error=ID)
    story.fault(ID, ID, at=20, phase=ID)
    page = page_of(story.write(tmp_path))
    assert "<script>alert" not in page
    assert "</b>" not in page.split("<main>")[1].split("<table>")[0]
    assert not {"\x1b", "\u202e", "\r"} & set(page)
    data = drawn(page)
    assert "<script>alert('x')</script>" in data["jobs"][0]["id"]


def test_each_attempt_is_a_bar_whose_colour_is_its_fate(tmp_path: Path) -> None:
    story = Story()
    for worker in ("w3", "w4"):
        story.worker(worker)
    story.attempt("ok", at=10, until=50)
    story.attempt("error", at=60, until=70, outcome="error")
    story.attempt("cancelled", at=80, until=90, outcome="cancelled", last="release")
    story.wire("claim", "unstarted", "w3", at=95)
    story.wire("claim", "died", "w3", at=95)
    story.start("died", "w3", at=96)
    story.kill("w3", at=100)
    story.start("open", "w2", at=110)
    story.wire("claim", "refused", "w4", at=100)
    story.start("refused", "w4", at=101)
    story.end("refused", "w4", at=2_000)
    story.wire("finish", "refused", "w4", at=2_002, answer="refused")
    data = draw(story, tmp_path)
    bars = {data["jobs"][bar["job"]]["id"]: bar for bar in data["bars"]}
    assert {job: bar["fate"] for job, bar in bars.items()} == {
        fate: fate for fate in ("ok", "error", "cancelled", "unstarted", "died", "open", "refused")
    }
    assert bars["ok"]["run"] == [12, 50]
    assert bars["ok"]["lock"] == [10, 52], "a lock ends when it is given up"
    assert bars["died"]["run"] == [96, 100], "a handler ends with its process"
    assert bars["died"]["lock"] == [95, 1_095], "a dead worker's lock lives on until its expiry"
    assert bars["unstarted"]["run"] is None
    assert bars["died"]["row"] != bars["unstarted"]["row"], (
        "bars at one time do not hide each other"
    )
    assert data["lanes"][bars["refused"]["lane"]]["name"] == "worker-4"


def test_nothing_is_drawn_outside_of_the_run(tmp_path: Path) -> None:
    story = Story()
    story.wire("claim", "j1", "w1", at=END_MS - 10)
    data = draw(story, tmp_path)
    assert data["bars"][0]["lock"] == [END_MS - 10, data["length"]]
    assert data["length"] == END_MS


def test_faults_are_drawn_at_their_moment_with_their_phase(tmp_path: Path) -> None:
    story = simple()
    story.fault("kill", "w1", at=30, phase="finish/before-reply")
    story.fault("pause", "w2", at=40, until=90)
    story.fault("server-pause", "server", at=45, until=55)
    story.event("server", at=60, event="down")
    story.event("server", at=75, event="up")
    data = draw(story, tmp_path)
    names = [lane["name"] for lane in data["lanes"]]
    shown = [
        (fault["kind"], fault["phase"], fault["from"], fault["to"], fault["lane"])
        for fault in data["faults"]
    ]
    assert shown == [
        ("kill", "finish/before-reply", 30, None, names.index("worker-1")),
        ("pause", "running", 40, 90, names.index("worker-2")),
        ("server-pause", "running", 45, 55, None),
    ]
    assert data["server"] == [{"from": 60, "to": 75}]


def test_a_fault_is_told_with_the_job_whose_command_it_hit(tmp_path: Path) -> None:
    story = Story()
    story.enqueue("j", at=0, result="info")
    story.fault("lost-reply", "producer", at=1, phase="enqueue/before-reply", job="j")
    story.fault("kill", "w2", at=30, phase="refresh/before-send")
    story.attempt("j", "w1", at=100, until=200)
    data = draw(story, tmp_path)
    assert [fault["job"] for fault in data["faults"]] == ["j", ""]
    lines = [line for line in told(data, "j") if "FAULT" in line]
    assert lines == ["rig: FAULT: lost-reply of producer at enqueue/before-reply"]


def test_lives_say_how_they_ended(tmp_path: Path) -> None:
    story = simple()
    story.kill("w1", at=60)
    story.exit("w2", at=70, code=1)
    story.worker("w9", at=80)
    ends = {lane["name"]: lane["lives"][0] for lane in draw(story, tmp_path)["lanes"]}
    assert (ends["worker-1"]["to"], ends["worker-1"]["end"]) == (60, "killed by the rig")
    assert (ends["worker-2"]["to"], ends["worker-2"]["end"]) == (70, "left with exit code 1")
    assert (ends["worker-9"]["from"], ends["worker-9"]["end"]) == (80, "alive to the end")


def test_a_job_tells_its_story_in_order_and_in_words(tmp_path: Path) -> None:
    story = Story()
    story.enqueue("j", at=0)
    story.wire("claim", "j", "w1", at=10)
    story.start("j", "w1", at=11)
    for n in range(5):
        story.wire("refresh", "j", "w1", at=20 + n)
    story.end("j", "w1", at=28)
    story.fault("pause", "w1", at=30, until=2_000)
    story.attempt("j", "w2", at=1_100, until=1_200, token=2)
    story.wire("finish", "j", "w1", at=2_003, answer="refused")
    story.finally_("j", "completed", retries=1)
    assert told(draw(story, tmp_path), "j") == [
        "producer: enqueue sent",
        "producer: enqueue acknowledged",
        "worker-1: claimed: taken off the queue and locked [token 1]",
        "worker-1: the handler starts [token 1]",
        "worker-1: lock renewed [token 1] (5 times by now)",
        "worker-1: the handler returned [token 1]",
        "rig: FAULT: pause of worker-1 at running",
        "worker-2: claimed: taken off the queue and locked [token 2]",
        "worker-2: the handler starts [token 2]",
        "worker-2: the handler returned [token 2]",
        "worker-2: completion accepted: the job is done [token 2]",
        "rig: fault over: pause of worker-1",
        "worker-1: completion REFUSED by the server [token 1]",
        "rig: in the end it is completed, retries counted: 1",
    ]


def test_a_large_run_shows_the_broken_jobs_then_the_troubled_then_a_sample(tmp_path: Path) -> None:
    story = Story()
    for n in range(3 * MAX_JOBS):
        story.enqueue(f"job-{n}", at=n)
        story.attempt(f"job-{n}", at=n + 10, until=n + 15)
        story.finally_(f"job-{n}", "completed")
    story.enqueue("lost", at=700)
    story.finally_("lost", "missing")
    story.wire("claim", "job-5", "w2", at=5_000, token=2)
    page = page_of(story.write(tmp_path))
    data = drawn(page)
    assert len(data["jobs"]) == MAX_JOBS
    reasons = [job["reason"] for job in data["jobs"]]
    assert reasons == sorted(reasons, key=["broken", "troubled", "sample"].index)
    by_id = {job["id"]: job for job in data["jobs"]}
    assert (by_id["lost"]["reason"], by_id["job-5"]["reason"]) == ("broken", "troubled")
    assert by_id["lost"]["why"][0].startswith("lost: job lost was acknowledged")
    sample = [int(job.removeprefix("job-")) for job in by_id if by_id[job]["reason"] == "sample"]
    assert min(sample) < 10
    assert max(sample) > 3 * MAX_JOBS - 10, "the sample is spread over the run"
    assert "Left out: 401 of 601 jobs" in page


def test_a_broken_case_of_something_else_than_a_job_is_no_job(tmp_path: Path) -> None:
    result = verdict(check("orphan-key", why=["key k of w1 never expires"], job="w1"))
    page = page_of(simple().write(tmp_path), result)
    assert [job["id"] for job in drawn(page)["jobs"]] == ["j1"]
    assert "key k of w1 never expires" in page


def test_the_page_stays_small(tmp_path: Path) -> None:
    story = Story()
    for n in range(2 * MAX_LANES):
        story.worker(f"x{n}", process=f"crowd-{n}")
    for n in range(2 * MAX_FAULTS):
        story.fault("reset", "x99", at=n, planned=False)
    long = "x" * 100_000
    story.enqueue(long)
    story.event("enqueue", at=1, phase="info", op="o", job="busy", error=long)
    story.wire("claim", "busy", "w1", at=0)
    for n in range(1_000):
        story.wire(("refresh", "finish")[n % 2], "busy", "w1", at=n + 1, answer="refused")
    page = page_of(story.write(tmp_path))
    data = drawn(page)
    assert len(page) < 600_000
    assert all(len(job["id"]) < 200 for job in data["jobs"])
    assert len(data["lanes"]) == MAX_LANES
    assert "crowd-99" in [lane["name"] for lane in data["lanes"]], "lanes with faults are kept"
    assert len(data["faults"]) == MAX_FAULTS
    assert len(told(data, "busy")) == MAX_LINES + 1
    assert max(map(len, told(data, "busy"))) < 500
    assert any("events left out" in line for line in told(data, "busy"))
    assert re.search(r"Left out: 62 of 122 processes", page)
    assert re.search(r"Left out: 500 of 1,000 faults", page)


def test_a_fleets_worker_has_a_lane_of_its_own(tmp_path: Path) -> None:
    story = Story()
    story.worker("f", process="fleet-1", role="fleet")
    story.event("process", at=1, event="spawn", name="fleet-1.77", child_pid=77, role="worker")
    story.event("start", at=20, by="fleet-1.77", pid=77, job="j", token=1, worker="w77")
    story.fault("term", "f", at=25)
    story.fault("kill", "fleet-1.99", at=26)
    data = draw(story, tmp_path)
    names = [lane["name"] for lane in data["lanes"]]
    assert [names[fault["lane"]] for fault in data["faults"]] == ["fleet-1", "fleet-1"]
    assert data["lanes"][data["bars"][0]["lane"]]["name"] == "fleet-1.77"
    assert "rig: FAULT: term of fleet-1 at running" in told(data, "j")


@pytest.mark.parametrize("broken", ["nothing", "no run.json", "torn", "empty file", "no events"])
def test_a_torn_history_is_drawn_as_far_as_it_goes(tmp_path: Path, broken: str) -> None:
    if broken != "nothing":
        simple().write(tmp_path)
        history = tmp_path / "history"
        match broken:
            case "no run.json":
                (tmp_path / "run.json").unlink()
            case "torn":
                content = (history / "worker-1.jsonl").read_bytes()
                (history / "worker-1.jsonl").write_bytes(content[:-20] + b"\n\xff{}[]\n")
            case "empty file":
                (history / "rig.jsonl").write_bytes(b"")
            case _:
                for path in history.iterdir():
                    path.unlink()
    assert "UNKNOWN" in page_of(tmp_path)


def odd_events(chance: random.Random) -> list[dict[str, Any]]:
    """Events that the reader accepts, and that no queue could have caused."""
    texts = ["a", "b", "a.1", "", "server", ID, "9" * 300]
    times = [0, 1, 5, ns(1), ns(9), 2**61]
    events = []
    for _ in range(chance.randint(1, 120)):
        kind = chance.choice(list(REQUIRED))
        event: dict[str, Any] = {"type": kind}
        for name, column in COLUMNS.items():
            words = WORDS.get((kind, name))
            needed = name in REQUIRED[kind] or name in ("t", "process", "pid")
            if name == "type" or (chance.random() < 0.4 and not needed):
                continue
            if words:
                event[name] = chance.choice(words)
            elif column == "BOOLEAN":
                event[name] = chance.random() < 0.5
            elif name in ("t", "due_t", "t_sent"):
                event[name] = chance.choice(times)
            elif column == "BIGINT":
                event[name] = chance.choice([0, 1, 2, -1, 10**10])
            elif name == "kind":
                event[name] = chance.choice(["kill", "pause", "term", "server-kill", *texts])
            else:
                event[name] = chance.choice(texts)
        events.append(event)
    return events


@pytest.mark.parametrize("seed", range(7))
def test_whatever_can_be_judged_can_be_drawn(tmp_path: Path, seed: int) -> None:
    story = Story()
    story.events = odd_events(random.Random(seed))
    (tmp_path / "history").mkdir()
    (tmp_path / "run.json").write_text(json.dumps(story.run))
    lines = "".join(json.dumps(event) + "\n" for event in story.events)
    (tmp_path / "history" / "odd.jsonl").write_text(lines)
    data = drawn(page_of(tmp_path))
    assert all(0 <= fault["from"] <= data["length"] for fault in data["faults"])
    for bar in data["bars"]:
        for begin, end in filter(None, (bar["run"], bar["lock"])):
            assert 0 <= begin <= end <= data["length"]


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryProblem):
        page_of(tmp_path / "absent")
    assert not (tmp_path / "timeline.html").exists()
