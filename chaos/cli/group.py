"""`python -m chaos`, which is `rrq-chaos` too: all scenarios, and a sub-command for everything."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import sys
import time
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from chaos.cli import options
from chaos.cli.catalogue import scenarios
from chaos.cli.known import known_option
from chaos.cli.playing import play
from chaos.cli.program import guarded
from chaos.cli.reports import report_options
from chaos.cli.scenario import command_of, report_all
from chaos.cli.side_by_side import Take, play_side_by_side
from chaos.guarantees import GUARANTEES
from chaos.inference.known import hand_on, with_what_is_known
from chaos.known import Known
from chaos.report import Wanted, output
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario
from chaos.servers import is_url
from chaos.targets import find_target

#: Commands that are imported when they are used.
_ELSEWHERE = {
    "check": "chaos.cli.check:command",
    "compare": "chaos.cli.compare:command",
    "docs": "chaos.cli.docs:command",
    "infer": "chaos.cli.infer:command",
    "load": "chaos.cli.load:command",
    "planted": "chaos.cli.planted:command",
    "proxy": "chaos.cli.proxy:command",
    "repro": "chaos.cli.repro:command",
    "sweep": "chaos.cli.sweep:command",
}


class _Group(click.Group):
    """Knows every scenario and every program by name, and suggests the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = {*super().list_commands(ctx), *_ELSEWHERE, *(each.name for each in scenarios())}
        return sorted(names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            module, _, name = _ELSEWHERE[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        for scenario in scenarios():
            if scenario.name == cmd_name:
                return command_of(scenario)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1, cutoff=0.0)
            ctx.fail(f"no command is named {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, name="chaos", invoke_without_command=True)
@options.run
@options.at_once
@known_option
@report_options
@click.pass_context
def command(
    context: click.Context,
    /,
    at_once: int,
    known: Known | None,
    reports: tuple[Wanted, ...],
    **chosen: Any,
) -> None:
    """Play all scenarios and print one table; or one of them, by its name."""
    if context.invoked_subcommand is not None:
        return

    def work() -> int:
        console, began = output.console(), time.monotonic()
        wanted, progress = Options(**chosen), Progress(console)
        hand_on(wanted, progress)
        playable = _playable(wanted, console)
        if at_once == 1:
            played = {one.name: play(one, _of(one, wanted), progress) for one in playable}
        else:
            takes = [
                Take(name=one.name, scenario=one, options=usual(one, wanted)) for one in playable
            ]
            played = play_side_by_side(takes, "all", wanted, at_once, progress)
        seconds = time.monotonic() - began
        return report_all("all scenarios", played, seconds, console, reports, known)

    sys.exit(guarded(work))


def _playable(wanted: Options, console: Console) -> list[Scenario]:
    """The scenarios that can be played here. Prints the others, each with the reason."""
    found, target = [], with_what_is_known(find_target(wanted.target))
    for scenario in scenarios():
        reason = scenario.lacking() or scenario.not_for(target)
        if scenario.owns_server and is_url(wanted.redis):
            reason = "it needs a server that the rig starts"
        if reason:
            console.print(f"{scenario.name}: skipped, {reason}")
        else:
            found.append(scenario)
    return found


def usual(scenario: Scenario, wanted: Options) -> Options:
    """The same options, with the scenario's own parameters as they are by default."""
    usual = {parameter.name: parameter.default for parameter in scenario.parameters}
    return dataclasses.replace(wanted, parameters=usual)


def _of(scenario: Scenario, wanted: Options) -> Options:
    """The same options, with the scenario's own directory below the one that was asked for."""
    if wanted.out is None:
        return wanted
    return dataclasses.replace(wanted, out=wanted.out / scenario.name)


@command.command(name="list")
def list_() -> None:
    """Explain each scenario, and the guarantees that it is about."""
    console = output.console()
    for scenario in scenarios():
        console.print(Text(f"python -m chaos.{scenario.name}", style="bold"))
        console.print(scenario.story.strip())
        for name in scenario.guarantees:
            console.print(Text.assemble("  ", (name, "cyan"), f": {GUARANTEES[name].sentence}"))
        console.print()
