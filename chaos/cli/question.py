"""`python -m chaos.questions.<name>`: one question, asked of one queue."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from chaos.checks import Outcome
from chaos.cli import options
from chaos.cli.playing import play
from chaos.cli.program import enter, guarded
from chaos.questions.facts import facts_of
from chaos.questions.question import ANSWER, Answer, Question
from chaos.report import output, write_json
from chaos.rig.options import Options
from chaos.rig.progress import Progress


def ask(question: Question) -> NoReturn:
    """Run the command of a question. Exit code 0: there is an answer, whatever it says."""

    @click.command(help=question.scenario.story)
    @options.run
    def command(**chosen: Any) -> None:
        def work() -> int:
            console = output.console()
            wanted = Options(**chosen)
            answer, directory = answered(question, wanted, Progress(console))
            console.print(f"{wanted.target}, {question.name}: {answer.words}", soft_wrap=True)
            console.print(f"run directory: {directory}", soft_wrap=True)
            return Outcome.UNKNOWN.exit_code if answer.tone == "unknown" else 0

        sys.exit(guarded(work))

    enter(command, f"python -m chaos.{question.scenario.name}")


def answered(question: Question, wanted: Options, progress: Progress) -> tuple[Answer, Path]:
    """Ask, and write the answer down in the directory of the run."""
    played = play(question.scenario, wanted, progress)
    answer = question.answer(facts_of(played.directory))
    write_json(answer.to_json(), played.directory / ANSWER)
    return answer, played.directory
