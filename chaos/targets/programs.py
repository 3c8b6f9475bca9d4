"""A target made of two programs: one works, one enqueues. Neither knows more of the rig than that a
job is a text, which the handler hands on to `chaos_job` (`chaos.handlers`)."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from chaos.jobs import Job
from chaos.processes import readable_within
from chaos.targets.asking import Asking
from chaos.targets.producer import EnqueueInDoubt, EnqueueRefused, Producer
from chaos.targets.settings import WorkerSettings
from chaos.targets.spec import handlers_on_path
from chaos.targets.target import Command, Target

#: Limit for an enqueue program to answer for one job, and to leave when its input ends.
_ANSWER_S = 20.0
LEAVE_S = 2.0
#: The variables in which a program finds the server; many queues read the second by themselves.
URL_VARIABLES = ("CHAOS_URL", "REDIS_URL")

Enqueue = Callable[[str, str], str]
"""Enqueues a job, a text, on the server at a URL; returns the queue's own id of it."""


def queue(
    name: str,
    *,
    worker: str | Sequence[str],
    enqueue: str | Sequence[str] | Enqueue,
    promises: str | Collection[str] = "no-loss",
    again_within_s: float | None = None,
    moments: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **more: Any,
) -> Target:
    """A queue under test, from the two programs by which it is used.

    Args:
        name: what reports call it.
        worker: the command that starts one worker process. Its handler calls `chaos_job.run(job)`.
        enqueue: the command of a program that reads jobs from its standard input, one on each line,
            and prints the queue's id of each on a line; or a function.
        promises: guarantees (`docs/anomalies.md`), with blanks between them.
        again_within_s: a dead worker's job is started again within so many seconds; absent: it is
            measured.
        moments: the command of each moment, as `python -m chaos infer` prints them; absent: they
            are inferred before each run.
        env: variables of both programs. `{url}` in a value, or in a word of a command, is the
            server's URL, which both also find in `CHAOS_URL` and `REDIS_URL`.
        cwd: working directory of both; the rig's by default.
        more: what else `Target` takes.

    Raises ValueError, with a sentence, for a target that cannot be tested.
    """
    variables = dict(env or {})
    if "PYTHONPATH" in variables:  # beside `chaos_job`, and not in its place
        variables |= handlers_on_path(variables["PYTHONPATH"])
    words = promises.replace(",", " ").split() if isinstance(promises, str) else promises
    if moments is not None and again_within_s is None:
        raise ValueError(
            f"the moments of {name} are given, so nothing is measured: give again_within_s too"
        )
    asking = Asking(pinned=moments or {})
    program = None
    if not callable(enqueue):
        program = Command(_words(name, "enqueue", enqueue), env=variables, cwd=cwd)

    def producer(url: str, settings: WorkerSettings) -> Producer:
        del settings
        if callable(enqueue):
            return _ByFunction(asking, enqueue, url)
        command = program
        assert command is not None
        return ByProgram(asking, lambda: Spawned(command, url))

    return Target(
        name=name,
        promises=words,
        worker=Command(_words(name, "worker", worker), env=variables, cwd=cwd),
        producer=producer,
        enqueuer=program,
        asks=asking,
        again_within_s=again_within_s,
        **more,
    )


def with_url(env: Mapping[str, str], url: str) -> dict[str, str]:
    """A program's variables, the server's URL among them. It finds `chaos_job` too, because it may
    share a module with the handlers."""
    own = {name: text.replace("{url}", url) for name, text in env.items()}
    return {**os.environ, **handlers_on_path(), **dict.fromkeys(URL_VARIABLES, url), **own}


def _words(name: str, part: str, given: str | Sequence[str]) -> list[str]:
    try:
        words = shlex.split(given) if isinstance(given, str) else list(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the {part} of {name} is no command ({error}): {given!r}") from None
    if not words:
        raise ValueError(f"the {part} of {name} is empty; give the command that starts it")
    return words


def _text(job: Job) -> str:
    """A job as one line: what the handler is to hand on, and what the queue may want to know."""
    told = {key: value for key, value in asdict(job).items() if value not in (None, {}, (), "")}
    return json.dumps(told, ensure_ascii=True)


class _Answering:
    """Enqueues jobs one by one. The ids that the rig knows are its own."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        named = [job if job.id else replace(job, id=uuid4().hex) for job in jobs]
        for n, job in enumerate(named):
            self._asking.name(job.own_id, job.own_id)  # a worker may be faster than the answer
            try:
                given = self._one(_text(job))
            except EnqueueRefused as error:
                if n:  # of those before it, nobody may say that they were refused
                    raise EnqueueInDoubt(str(error)) from error
                raise
            if not given:
                raise EnqueueInDoubt("the enqueue has given no id")
            self._asking.name(job.own_id, given)
        return [job.own_id for job in named]

    def _one(self, text: str) -> str:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is left open."""


class _ByFunction(_Answering):
    def __init__(self, asking: Asking, function: Enqueue, url: str) -> None:
        super().__init__(asking)
        self._function = function
        self._url = url

    def _one(self, text: str) -> str:
        try:
            return str(self._function(text, self._url) or "")
        except Exception as error:
            raise EnqueueInDoubt(f"{type(error).__name__}: {error}") from error


class Program(Protocol):
    """An enqueue program that runs."""

    @property
    def pipes(self) -> tuple[int, int]:
        """The descriptors of its input and its output."""

    def end(self) -> int:
        """Close its pipes, and end it with what it has started. Returns how it ended. Once only."""


class Spawned:
    """A program that was started by its command. Raises `EnqueueRefused` where it cannot be."""

    def __init__(self, command: Command, url: str) -> None:
        try:
            self._program = subprocess.Popen(
                [word.replace("{url}", url) for word in command.argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=with_url(command.env, url),
                cwd=command.cwd,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise EnqueueRefused(
                f"the enqueue program {command.argv[0]} cannot be started: {error}"
            ) from error

    @property
    def pipes(self) -> tuple[int, int]:
        program = self._program
        assert program.stdin is not None
        assert program.stdout is not None
        return program.stdin.fileno(), program.stdout.fileno()

    def end(self) -> int:
        program = self._program
        for pipe in (program.stdin, program.stdout):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            program.wait(LEAVE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)
        return program.wait()


class ByProgram(_Answering):
    """The program reads until its input ends. One that leaves after a job is started again."""

    def __init__(self, asking: Asking, begin: Callable[[], Program]) -> None:
        """`begin` starts the program. Raises what it raises."""
        super().__init__(asking)
        self._begin = begin
        self._program: Program | None = begin()
        self._answered = False
        self._status = 0

    def _one(self, text: str) -> str:
        answer = self._ask(text)
        if answer is None and self._answered and self._end() == 0:
            # It was about to leave after the job before this one.
            answer = self._ask(text)
        if answer is None:
            raise EnqueueInDoubt(
                f"the enqueue program has printed no id, and ended with {self._end()}"
            )
        if not answer:
            raise EnqueueInDoubt("the enqueue program has printed an empty line in place of an id")
        self._answered = True
        return answer

    def _ask(self, text: str) -> str | None:
        """The line that is printed for a job; None if the program ends without one."""
        if self._program is None:
            self._program, self._answered = self._begin(), False
        its_input, its_output = self._program.pipes
        told = memoryview(text.encode() + b"\n")
        with suppress(OSError):  # it has ended
            while told:
                told = told[os.write(its_input, told) :]
        return self._answer(its_output)

    def _answer(self, pipe: int) -> str | None:
        end, answer = time.monotonic() + _ANSWER_S, b""
        while not answer.endswith(b"\n"):
            if not readable_within(pipe, max(0.0, end - time.monotonic())):
                self._end()
                raise EnqueueInDoubt(f"the enqueue program did not answer within {_ANSWER_S:g} s")
            if not (more := os.read(pipe, 65_536)):
                break
            answer += more
        return answer.decode(errors="replace").strip() if answer else None

    def close(self) -> None:
        self._end()

    def _end(self) -> int:
        """End the program, if it runs. Returns how the last one has ended."""
        if self._program is not None:
            program, self._program = self._program, None
            self._status = program.end()
        return self._status
