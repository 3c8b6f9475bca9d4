"""`python -m chaos.planted --blind`: planted bugs against the default programme only."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from chaos.cli.catalogue import scenarios
from chaos.guarantees import guarantee_of
from chaos.planted.blind import playing, report, subject
from chaos.planted.blind.programme import STORMS, Part, ordered, programme
from chaos.planted.blind.subject import Played, Subject
from chaos.planted.bugs import BUGS
from chaos.report import Wanted, print_table, write
from chaos.rig.options import seed_of

#: Storms on the sound reference.
_CONTROL_STORMS = 50


def blind_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options. The command is called with `blind`, None where it is not asked for."""

    @functools.wraps(command)
    def with_blind(
        *args: Any, blind: bool, whole: bool, storms: int | None, busy: int, **kwargs: Any
    ) -> Any:
        if not blind and (whole or storms is not None or busy):
            raise click.UsageError("--whole, --storms and --busy go with --blind")
        wanted = Blind(whole=whole, storms=storms, busy=busy) if blind else None
        return command(*args, blind=wanted, **kwargs)

    decorated: Callable[..., Any] = with_blind
    for option in (_busy, _storms, _whole, _blind):
        decorated = option(decorated)
    return decorated


_blind = click.option("--blind", is_flag=True, help="Play the default programme on each bug.")
_whole = click.option(
    "--whole", is_flag=True, help="With --blind: all of the programme, also once a bug is caught."
)
_storms = click.option(
    "--storms",
    type=click.IntRange(1, 10_000),
    help=f"With --blind: number of storms (default: {STORMS}; with --control {_CONTROL_STORMS}).",
)
_busy = click.option(
    "--busy",
    type=click.IntRange(0, 64),
    default=0,
    show_default=True,
    help="With --blind: number of processes that keep the machine busy meanwhile.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """What is asked for."""

    whole: bool
    storms: int | None
    busy: int

    def subjects(self, names: Sequence[str], *, control: bool) -> Callable[[int], list[Subject]]:
        """The bugs of these names, or all, or the sound reference; for a seed."""
        storms = self.storms or (_CONTROL_STORMS if control else STORMS)
        parts = parts_here(storms)
        if control:
            return lambda seed: [subject.reference(ordered(parts, "", seed))]
        return lambda seed: [
            subject.bug(name, ordered(parts, name, seed, _likely(name)), stops=not self.whole)
            for name in names or BUGS
        ]

    def play(
        self,
        subjects: Callable[[int], list[Subject]],
        seed: int | None,
        at_once: int,
        out: Path | None,
        console: Console,
        reports: tuple[Wanted, ...],
    ) -> int:
        """Play them, print how each fared and write the reports; the exit code."""
        with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
            into = out or Path(scratch)
            into.mkdir(parents=True, exist_ok=True)
            seed = seed_of(into, seed)
            wanted = subjects(seed)
            playing.play(wanted, seed, at_once, into, _Said(console), busy=self.busy)
        made = report.report_on(wanted, "The default programme", seed)
        write(made, reports)
        print_table(report.table(wanted), console)
        for finding in made.findings:
            console.print(Text(finding.text, style="bold red"), soft_wrap=True)
            if finding.command:
                console.print(f"  {finding.command}", soft_wrap=True)
        console.print(f"{report.share(wanted)}; seed {seed}")
        return made.outcome.exit_code


def parts_here(storms: int) -> list[Part]:
    """The parts of the programme that can be played on this machine."""
    return programme((each.name for each in scenarios() if not each.lacking()), storms)


def _likely(bug: str) -> list[str]:
    """The parts that are asked first: the scenario that is meant to find the bug, then those about
    the guarantee that it breaks; the sweep for what only it knows."""
    own, broken = BUGS[bug].scenario, guarantee_of(BUGS[bug].anomaly).id
    about = [each.name for each in scenarios() if broken in each.guarantees]
    if not about:  # no scenario is about it
        about = ["sweep"]
    return [own, *(name for name in about if name != own)] if own else about


class _Said:
    """Prints a line for each bug that has been judged, and for each part of the control."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, about: Subject, played: Played) -> None:
        if about.anomaly is None:
            text = f"{played.seconds:6.1f} s  {played.part}: {played.outcome} {played.why}"
        elif about.over:
            text = f"{about.seconds:6.1f} s  {report.line(about)}"
        else:
            return
        self._console.print(text.rstrip(), soft_wrap=True)
