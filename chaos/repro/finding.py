"""A finding, read from the directory of the run that made it."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.questions.facts import Facts, JobRun, facts_of
from chaos.questions.question import ANSWER, PACKAGE, Answer
from chaos.questions.stage import JOB
from chaos.repro.inlined.fates import Run, fates_of
from chaos.repro.inlined.stage import Case
from chaos.rig.options import BadOption
from chaos.targets import Target, find_target

#: What may have become of the job, or of the workers, in a sentence.
FATES = {
    "undone": "the job is not done",
    "twice": "the job runs again although a run of it has come to its end",
    "overlap": "the job is started again while it runs",
    "endless": "the job is started again after each death",
    "still": "a worker is there and takes no job",
    "left": "a worker has left that nobody told to",
    "again": "a job is started more than once",
}
#: The guarantee that each breaks, where a queue gives it.
_BREAKS = {
    "undone": "no-loss",
    "twice": "one-commit",
    "overlap": "lease",
    "still": "alive",
    "left": "alive",
}
_JOB = ("undone", "twice", "overlap")
_WORKERS = ("undone", "still", "twice", "left", "again")


class NoFinding(BadOption):
    """There is nothing that a script could show again; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was done to a queue, and what became of it."""

    #: As `--target` has it.
    target: str
    #: The question, or the cell of a sweep.
    part: str
    #: The module of `chaos.repro.inlined.plays` that does it again.
    play: str
    case: Case
    #: A clause, such as "a worker is killed while it runs a job", and more sentences about it.
    did: str
    more: str
    #: The answer, in the words of the report.
    happened: str
    #: The guarantee that it breaks, if the queue gives that one.
    guarantee: str | None
    #: What happened, line by line, as far as it was kept.
    story: tuple[str, ...]
    #: The command that finds it again with the rig.
    command: str
    #: Of the server and of Python.
    server: str
    python: str

    @property
    def found(self) -> Target:
        return find_target(self.target)

    @property
    def promised(self) -> bool:
        return self.guarantee in self.found.promises

    @property
    def title(self) -> str:
        return f"{self.release}: {self.did}: {self.happened.split(';')[0]}"

    @property
    def release(self) -> str:
        """The queue, which release of it where that is known, and which target of ours."""
        name, _, release = (self.found.pinned or ("",))[0].partition("==")
        name, target = name.partition("[")[0], self.found.name
        if not release:
            return target
        return f"{name} {release}" if name == target else f"{name} {release} ({target})"

    @property
    def script(self) -> str:
        """The name of its script."""
        words = f"{self.found.name}_{self.part}"
        return "".join(sign if sign.isalnum() else "_" for sign in words) + ".py"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How a question is asked again."""

    play: str
    #: What may be found, the worst first.
    fates: tuple[str, ...] = _JOB
    needs_server: bool = False


_QUESTIONS = {
    "killed": _Asked(play="killed"),
    "child_killed": _Asked(play="child_killed"),
    "stopped": _Asked(play="stopped"),
    "outlasts": _Asked(play="outlasts", fates=("overlap", "twice", "undone")),
    "deadly": _Asked(play="deadly", fates=("endless", "undone")),
    "fails": _Asked(play="fails"),
    "leaving": _Asked(play="told"),
    "interrupted": _Asked(play="told"),
    "server_restarts": _Asked(play="trouble", fates=_WORKERS, needs_server=True),
    "connections_closed": _Asked(play="trouble", fates=_WORKERS),
    "scripts_forgotten": _Asked(play="trouble", fates=_WORKERS),
    "server_read_only": _Asked(play="trouble", fates=_WORKERS, needs_server=True),
    "server_full": _Asked(play="trouble", fates=_WORKERS, needs_server=True),
}


def of_question(directory: Path, stories: Mapping[str, str]) -> Finding:
    """What a question has found, whose run has this directory. `stories` are those of all
    questions. Raises `NoFinding`, OSError, or ValueError and its like for a foreign file."""
    run = read_json(directory / "run.json")
    name = str(run["scenario"]).removeprefix(PACKAGE)
    answer = Answer.from_json(read_json(directory / ANSWER))
    where = f"{run['target']}/{name}"
    look_at_releases(run)
    if answer.tone not in ("bad", "told"):
        raise NoFinding(f"{where} has found nothing to show again: {answer.words}")
    if (asked := _QUESTIONS.get(name)) is None:
        raise NoFinding(f"{where}: there is no script for this question yet")
    facts = facts_of(directory)
    there = _fates(facts, name)
    fate = next((fate for fate in asked.fates if fate in there), None)
    if fate is None:
        raise NoFinding(f"{where}: no script could show this again: {answer.words}")
    first, _, more = stories[name].strip().partition("\n\n")
    given_up = facts.ends.get(JOB) == "dead"
    return Finding(
        target=target_of(run),
        part=name,
        play=asked.play,
        case=_case(facts, name, asked, fate),
        did=_clause(first.partition(":")[0]),
        more=" ".join(more.split()),
        happened=answer.words,
        guarantee=None if fate == "undone" and given_up else _BREAKS.get(fate),
        story=tuple(_story(facts)),
        command=run["command"],
        server=run["versions"]["server"],
        python=run["versions"]["python"],
    )


def _case(facts: Facts, name: str, asked: _Asked, fate: str) -> Case:
    runs = facts.of(JOB)
    begin_s = facts.fault_s if facts.faults else runs[0].start_s
    case = Case(fate=fate, wait_s=math.ceil(facts.until_s - begin_s), how=name)
    case.needs_server = asked.needs_server
    if name == "outlasts":  # much longer than it takes until it goes wrong
        wrong_s = runs[1].start_s if len(runs) > 1 else runs[0].end_s or facts.until_s
        case.plan = {"do": "ok", "ms": 1_000 * math.ceil(2 * (wrong_s - runs[0].start_s) + 5)}
    if name == "deadly":
        case.deaths = sum(run.outcome is None for run in runs)
    return case


def _fates(facts: Facts, name: str) -> set[str]:
    """All that has become of the jobs that the question is about, and of the workers."""
    trouble = _QUESTIONS[name].play == "trouble"
    jobs = {run.job for run in facts.runs if trouble and run.start_s < facts.fault_s} or {JOB}
    fates = {fate for job in jobs for fate in fates_of([_run(run, facts) for run in facts.of(job)])}
    if name == "deadly" and facts.done(JOB):
        fates.add("endless")
    if trouble:
        workers = {name for name, ready_s in facts.ready.items() if ready_s < facts.fault_s}
        if any(name in facts.exits for name in workers - facts.stayed):
            fates.add("left")
        if any(not facts.works.get(name, True) for name in workers & facts.stayed):
            fates.add("still")
    return fates


def _run(run: JobRun, facts: Facts) -> Run:
    outcome = "gone" if run.outcome is None and run.process in facts.exits else run.outcome
    return Run(run.job, run.process, run.pid, run.start_s, run.end_s, outcome)


def _story(facts: Facts) -> list[str]:
    """The starts and ends of jobs, the faults, and the workers that left, in their order."""
    told = [(run.start_s, f"{run.process} starts {run.job}") for run in facts.runs]
    told += [
        (run.end_s, f"{run.process} ends {run.job} ({run.outcome})")
        for run in facts.runs
        if run.end_s is not None
    ]
    told += [(at_s, f"{kind} of {who}" if who else kind) for kind, who, at_s in facts.faults]
    told += [
        (one.at_s, f"{name} has left ({one})")
        for name, one in facts.exits.items()
        if name not in facts.stayed
    ]
    return [f"{at_s:8.3f} s  {what}" for at_s, what in sorted(told)]


def _clause(text: str) -> str:
    """The beginning of a sentence, for the middle of one."""
    text = " ".join(text.split())
    return text[0].lower() + text[1:]


def target_of(run: Mapping[str, Any]) -> str:
    """The target of a run as its command names it."""
    words = shlex.split(run["command"])
    return words[words.index("--target") + 1] if "--target" in words else str(run["target"])


def look_at_releases(run: Mapping[str, Any]) -> None:
    """Raise `NoFinding` if the target has other packages by now than in this run: a script would
    have these, and show something else."""
    then = run["versions"].get("packages", {}).get("the queue's own")
    now = ", ".join(find_target(target_of(run)).pinned)
    if then is not None and then != now:
        raise NoFinding(
            f"this was found with {then}, and the target has {now} by now; ask it again"
        )


def read_json(path: Path) -> dict[str, Any]:
    """Raises OSError, or ValueError for what is no object."""
    told = json.loads(path.read_text())
    if not isinstance(told, dict):
        raise ValueError(f"{path} is none of the rig's files")
    return told
