"""The time that the wire proxy adds to a command: `python -m benchmarks.wire_proxy`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from benchmarks.parts import command, goals, layout, machine
from benchmarks.parts.child import run_module
from benchmarks.parts.figures import Figure, percentile
from benchmarks.parts.goals import Goal
from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.stand import Stand, open_stand
from chaos.cli.program import enter
from chaos.report import output
from chaos.rig.progress import Progress
from chaos.wire import WireProxy

#: Limit for the measuring process, in seconds: far more than it needs.
TIMEOUT_S = 600.0

Samples = dict[str, dict[str, list[float]]]


@click.command(name="python -m benchmarks.wire_proxy")
@click.option(
    "--commands",
    type=click.IntRange(1, 1_000_000),
    default=20_000,
    show_default=True,
    help="Single commands each way.",
)
@click.option(
    "--pipelines",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    help="Pipelines of 100 commands each way.",
)
@command.common_options
def main(**options: Any) -> None:
    """Measure commands through the wire proxy beside the same commands sent directly.

    The client is a process of its own, and the two ways take turns every few milliseconds. The
    proxy runs as it does in the rig: it reads every command and reply, and shows them to an
    observer. No fault is planned.

    Exit code: 0 after a measurement, whatever it found; 1 with --strict if a goal was not reached;
    2 on wrong usage; 3 if the measurement failed.
    """
    command.run(lambda: _benchmark(**options))


def _benchmark(
    *,
    commands: int,
    pipelines: int,
    redis: str,
    seed: int | None,
    json_path: Path | None,
    strict: bool,
) -> int:
    command.check_writable(json_path)
    seed = command.new_seed() if seed is None else seed
    console, progress = output.console(), Progress(output.console(stderr=True))
    with open_stand(redis) as stand, progress.of("wire_proxy"):
        about = machine.about(stand.server.version, seed)
        layout.print_about(about, console)
        progress.say(f"{commands} commands and {pipelines} pipelines each way")
        samples = _measure(stand, commands, pipelines, seed)
    figures = _figures(samples)
    to_reach = [
        Goal(name="added at the median", bound=150, unit=" µs", measured=figures["added"]["p50_us"])
    ]
    console.print(_table(figures))
    goals.print_goals(to_reach, console)
    command.write_json(json_path, {"about": about, "goals": goals.as_json(to_reach), **figures})
    return command.MISSED if strict and not goals.reached(to_reach) else 0


def _measure(stand: Stand, commands: int, pipelines: int, seed: int) -> Samples:
    """Run the client. Returns its samples."""
    seen = 0

    def observe(_: object) -> None:
        nonlocal seen
        seen += 1

    url = stand.server.url
    with WireProxy(url, lambda *_, **__: None, observe) as proxy:
        urls = {"direct": url, "proxy": proxy.listen("client")}
        asked = {"urls": urls, "commands": commands, "pipelines": pipelines, "seed": seed}
        client = "benchmarks.parts.latency"
        told = run_module(client, [], stand.directory, TIMEOUT_S, ASKED=json.dumps(asked))
    if seen < commands:
        raise BenchmarkProblem(f"the proxy saw {seen} of {commands} commands")
    samples: Samples = json.loads(told)
    return samples


def _figures(samples: Samples) -> dict[str, dict[str, float]]:
    """Round trips in µs and pipelined commands per second, for each way and for the difference."""
    ways = {
        name: {
            "p50_us": percentile(sample["round_trip_us"], 50),
            "p99_us": percentile(sample["round_trip_us"], 99),
            "pipelined_per_s": Figure.of(sample["per_s"]).median,
        }
        for name, sample in samples.items()
    }
    added = {name: ways["proxy"][name] - ways["direct"][name] for name in ("p50_us", "p99_us")}
    share = ways["proxy"]["pipelined_per_s"] / ways["direct"]["pipelined_per_s"]
    return {**ways, "added": added, "share": {"pipelined_per_s": share}}


def _table(figures: dict[str, dict[str, float]]) -> Table:
    table = layout.table("GET of 100 bytes", "", "p50 µs", "p99 µs", "pipelined/s")
    for name in ("direct", "proxy"):
        way = figures[name]
        table.add_row(
            name, f"{way['p50_us']:.0f}", f"{way['p99_us']:.0f}", f"{way['pipelined_per_s']:.0f}"
        )
    added, share = figures["added"], figures["share"]["pipelined_per_s"]
    table.add_row("added", f"{added['p50_us']:.0f}", f"{added['p99_us']:.0f}", f"{share:.0%}")
    return table


if __name__ == "__main__":
    enter(main, "python -m benchmarks.wire_proxy")
