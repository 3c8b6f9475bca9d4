"""The command line of scenarios: options, progress, verdict, exit code."""

from __future__ import annotations

import errno
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from chaos.checks import Outcome, Verdict
from chaos.cli import output
from chaos.errors import ChaosError
from chaos.processes import Interrupted, on_signals
from chaos.report import print_summary, print_verdict, write_json, write_junit
from chaos.rig.options import USAGE, BadOption, Options
from chaos.rig.playing import Played, play, play_side_by_side, seeded
from chaos.rig.progress import Progress
from chaos.rig.scenario import Parameter, Scenario
from chaos.servers import DEFAULT_SPEC, SHOWN_SPEC, ServerProblem
from chaos.targets import UnknownTarget

_DISK_FULL = (
    "the disk is full, so this run proves nothing; make room on it, or give --out a directory on"
    " another one"
)
#: As a shell reports a process that a signal ended.
SIGNALLED = 128


def enter(command: click.Command, name: str, words: Sequence[str] | None = None) -> NoReturn:
    """Run a program by its command, and leave the process with its exit code.

    1 means FAIL, so nothing but a verdict may say it: click's own 1 for Ctrl-C becomes a signal's,
    and what nobody has caught is unknown.
    """
    output.harden()
    try:
        code = command.main(words, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE if isinstance(error, click.UsageError) else Outcome.UNKNOWN.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = SIGNALLED + signal.SIGINT
    except Exception:  # noqa: BLE001 - see above
        traceback.print_exc()
        code = Outcome.UNKNOWN.exit_code
    sys.exit(code or 0)


def guarded(work: Callable[[], int]) -> int:
    """Run a command; what the user can mend becomes one sentence and the right exit code."""
    try:
        with on_signals():
            return work()
    except (BadOption, UnknownTarget, ServerProblem) as error:
        complain(f"error: {error}")
        return USAGE
    except (OSError, ChaosError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        complain(f"error: {_DISK_FULL if full else error}")
        return Outcome.UNKNOWN.exit_code
    except Interrupted as error:
        complain(f"{error}; everything that was started has been stopped")
        return SIGNALLED + error.signum
    except Exception as error:  # noqa: BLE001 - a traceback's exit code would say "fail"
        traceback.print_exc()
        complain(f"error: the rig itself failed: {error}")
        return Outcome.UNKNOWN.exit_code


def complain(sentence: str) -> None:
    """Say on stderr what is wrong."""
    output.console(stderr=True).print(sentence, soft_wrap=True)


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that all scenarios share."""
    for option in reversed(
        [
            click.option(
                "--target",
                default="rrq_ref",
                show_default=True,
                help="Queue under test: a name, or module:ATTRIBUTE.",
            ),
            click.option("--workers", type=click.IntRange(1, 200), help="Worker processes."),
            click.option("--jobs", type=click.IntRange(1, 1_000_000), help="Jobs to enqueue."),
            click.option("--seed", type=int, help="Plans the same faults again."),
            click.option(
                "--redis",
                default=DEFAULT_SPEC,
                show_default=SHOWN_SPEC,
                help="embedded, local[:path], container[:image], or a URL."
                " Environment: CHAOS_REDIS.",
            ),
            click.option(
                "--out",
                type=click.Path(path_type=Path),
                help="New directory for the run (default: one below chaos-runs/).",
            ),
            click.option(
                "--json",
                "json_path",
                type=click.Path(path_type=Path),
                help="Also write the verdict to this file.",
            ),
            click.option(
                "--junit",
                "junit_path",
                type=click.Path(path_type=Path),
                help="Also write a JUnit report to this file.",
            ),
        ]
    ):  # fmt: skip - one option an entry
        command = option(command)
    return command


at_once_option = click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Runs that are played at the same time.",
)


def main(scenario: Scenario) -> NoReturn:
    """`python -m chaos.<scenario>`."""
    enter(command_of(scenario), f"python -m chaos.{scenario.name}")


def command_of(scenario: Scenario) -> click.Command:
    """The command that plays one scenario."""

    @click.command(name=scenario.name, help=scenario.story)
    @common_options
    @click.option(
        "--runs",
        type=click.IntRange(1, 100_000),
        default=1,
        show_default=True,
        help="Runs, each with the next seed. More than one end in one table, and only what did not"
        " pass is kept.",
    )
    @at_once_option
    def command(
        json_path: Path | None, junit_path: Path | None, runs: int, at_once: int, **chosen: Any
    ) -> None:
        parameters = {p.name: chosen.pop(p.name) for p in scenario.parameters}

        def work() -> int:
            console, began = output.console(), time.monotonic()
            options, progress = Options(**chosen, parameters=parameters), Progress(console)
            if runs > 1:
                takes = seeded(scenario, options, runs)
                many = play_side_by_side(
                    takes, scenario.name, options, at_once, progress, keep_passed=False
                )
                return report_all(many, began, console, json_path, junit_path)
            played = play(scenario, options, progress)
            print_verdict(played.verdict, console)
            where = f"run directory: {played.directory} ({played.seconds:.1f} s)"
            console.print(where, soft_wrap=True)
            return report([played.verdict], json_path, junit_path)

        sys.exit(guarded(work))

    for parameter in scenario.parameters:
        command.params.append(_option(parameter))
    return command


def _option(parameter: Parameter) -> click.Option:
    return click.Option(
        [f"--{parameter.name}"],
        default=parameter.default,
        show_default=True,
        type=click.Choice(parameter.choices) if parameter.choices else type(parameter.default),
        help=parameter.help,
    )


def report_all(
    played: Mapping[str, Played],
    began: float,
    console: Console,
    json_path: Path | None,
    junit_path: Path | None,
) -> int:
    """Print one table of all runs, and `report` them."""
    rows = [(name, one.verdict, one.seconds) for name, one in played.items()]
    print_summary(rows, time.monotonic() - began, console)
    return report([one.verdict for one in played.values()], json_path, junit_path)


def report(verdicts: Sequence[Verdict], json_path: Path | None, junit_path: Path | None) -> int:
    """Write the files that were asked for; the exit code that stands for all verdicts."""
    if json_path is not None:
        write_json(verdicts[0] if len(verdicts) == 1 else verdicts, json_path)
    if junit_path is not None:
        write_junit(verdicts, junit_path)
    outcomes = {verdict.outcome for verdict in verdicts}
    worst = [o for o in (Outcome.FAIL, Outcome.UNKNOWN) if o in outcomes]
    return (worst[0] if worst else Outcome.PASS).exit_code
