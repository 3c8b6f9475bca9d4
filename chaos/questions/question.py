"""A question, and the answer that a run gives to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from chaos.questions.facts import Facts
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

Tone = Literal["good", "bad", "told", "unknown"]
"""Whether the job was kept and run once; or was lost, repeated or left behind; or neither can be
said of it; or the run has no answer."""

#: Times of a target that takes them from the rig: a lease that outlasts a short trouble of the
#: server, and a drain in which the jobs that are run here come to their end.
SETTINGS = WorkerSettings(lock_ttl_ms=4_000, grace_s=5.0)
#: The file of an answer, in the directory of its run.
ANSWER = "answer.json"
#: Before the name of a question, in those of its scenario and its module.
PACKAGE = "questions."
#: Nothing that a question waits for takes longer.
LONGEST_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What happened, in a few words."""

    words: str
    tone: Tone
    #: The time until the job ran again, in seconds, where it did.
    again_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Answer:
        """Raises KeyError or TypeError for what is none."""
        return cls(words=told["words"], tone=told["tone"], again_s=told["again_s"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A scenario that is played, and how its facts are put into words."""

    scenario: Scenario
    #: Raises ValueError, with the reason, where the facts have no answer.
    reads: Callable[[Facts], Answer]

    @property
    def name(self) -> str:
        return self.scenario.name.removeprefix(PACKAGE)

    @property
    def asks(self) -> str:
        """The question, in one line."""
        return self.scenario.story.strip().split("\n\n")[0].replace("\n", " ")

    def answer(self, facts: Facts) -> Answer:
        """The answer that a run has given."""
        if facts.broken:
            return Answer(words=facts.broken, tone="unknown")
        try:
            return self.reads(facts)
        except ValueError as error:
            return Answer(words=str(error), tone="unknown")


def question(
    name: str,
    story: str,
    play: Callable[[Rig], None],
    reads: Callable[[Facts], Answer],
    **more: Any,
) -> Question:
    """The question of a module of this name, from its docstring; `more` as `Scenario` takes it."""
    scenario = Scenario(
        name=PACKAGE + name,
        story=story,
        guarantees=(),
        play=play,
        workers=2,
        jobs=1,
        settings=SETTINGS,
        **more,
    )
    return Question(scenario=scenario, reads=reads)
