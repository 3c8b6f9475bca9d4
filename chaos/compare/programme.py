"""What each queue is asked: the questions, and the sweep of its crash points."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from chaos.compare import crash_points
from chaos.processes.modules import shown
from chaos.questions.question import ANSWER, PACKAGE, Answer, Question

#: Modules of `chaos.questions`, in the order in which they are asked and shown.
QUESTIONS = (
    *("killed", "child_killed", "stopped", "outlasts", "deadly", "fails"),
    *("leaving", "interrupted", "unanswered"),
    *("server_restarts", "connections_closed", "scripts_forgotten"),
    *("server_read_only", "server_full"),
)
#: Those that are asked with `--quick`, and before them the crash points of a kill.
QUICK = ("killed", "outlasts", "leaving", "server_restarts")
_FAULTS, _QUICK_FAULTS = "kill,lost-reply,reset,pause", "kill"
#: Time that a question may take, and a sweep.
_QUESTION_S, _SWEEP_S = 420.0, 2_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that a queue is asked, in a process of its own."""

    name: str
    #: What is asked, in one line.
    asks: str
    #: The module that answers, and its own words.
    words: tuple[str, ...]
    limit_s: float
    #: The answer in a run's directory. Raises OSError, ValueError, KeyError or TypeError.
    read: Callable[[Path], Answer]

    def given(self, target: str, seed: int) -> tuple[str, ...]:
        """All words of its command."""
        return (*self.words, "--target", target, "--seed", str(seed))

    def command(self, target: str, seed: int) -> str:
        """The command that a reader repeats it with."""
        module, *words = self.given(target, seed)
        return " ".join([*shown(module.removeprefix("chaos.")), *words])


def questions() -> dict[str, Question]:
    """All questions by name, in order."""
    modules = {name: import_module(f"chaos.{PACKAGE}{name}") for name in QUESTIONS}
    return {name: module.QUESTION for name, module in modules.items()}


def programme(*, quick: bool) -> list[Part]:
    """Everything that a queue is asked, in order."""
    asked = questions()
    faults = _QUICK_FAULTS if quick else _FAULTS
    return [
        Part(
            name="crash_points",
            asks=crash_points.ASKS,
            words=("chaos.sweep", "--fault", faults),
            limit_s=_SWEEP_S,
            read=crash_points.read,
        ),
        *(
            Part(
                name=name,
                asks=asked[name].asks,
                words=(f"chaos.{PACKAGE}{name}",),
                limit_s=_QUESTION_S,
                read=read_answer,
            )
            for name in (QUICK if quick else QUESTIONS)
        ),
    ]


def read_answer(directory: Path) -> Answer:
    """The answer that a question has left."""
    return Answer.from_json(json.loads((directory / ANSWER).read_text()))
