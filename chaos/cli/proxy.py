"""`rrq-chaos proxy`: the wire proxy alone, for whoever tests a Redis client or a queue by hand."""

from __future__ import annotations

import queue
import sys
from contextlib import suppress
from typing import Any

import click
import psutil

from chaos.cli.program import guarded
from chaos.faults import ERRORS, FAULTS, FaultProblem, Match, WireFault, data_command
from chaos.faults import command as command_named
from chaos.history.events import FaultHealed, FaultLanded, FaultMissed
from chaos.processes import Descendant
from chaos.report import output
from chaos.rig.options import BadOption
from chaos.wire import WireProxy

#: The one client that it serves, whatever the number of its processes and connections.
_CLIENT = "client"
_NUMBERS = ("for_ms", "pieces")

_HELP = f"""Stand between a client and a Redis server, and let faults land at its commands.

Prints the URL that the client is to use, then a line for each fault that lands, until Ctrl-C. The
server is the one at UPSTREAM, a URL as redis-py takes it.

\b
A fault is COMMAND[:NTH]/SIDE/ACTION[:NAME=VALUE,...], for example
  SET/before-reply/reset          the first SET runs, and its reply is lost
  EVALSHA:3/before-send/error:error=NOSCRIPT
  GET:2/before-reply/delay:for_ms=500
COMMAND may be `any`: all but those that set a connection up. SIDE is before-send, before-reply or
after-reply. An error is any line, or the server's own of this name:
{", ".join(ERRORS)}.

\b
Actions:
{{actions}}
Those that hit a process need --pid.
"""


def _actions() -> str:
    width = max(map(len, FAULTS.actions))
    return "\n".join(f"  {name:<{width}}  {k.meaning}" for name, k in FAULTS.actions.items())


@click.command(name="proxy", help=_HELP.format(actions=_actions()))
@click.argument("upstream")
@click.option("--fault", "faults", multiple=True, help="A fault; as often as wanted.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="Listen on this port (default: a free one).",
)
@click.option("--pid", type=int, help="The client's process, for faults that hit one.")
def command(upstream: str, faults: tuple[str, ...], port: int, pid: int | None) -> None:
    """See `_HELP`."""

    def work() -> int:
        planned = [fault_of(text, f"fault-{n}") for n, text in enumerate(faults, 1)]
        console, told = output.console(), queue.SimpleQueue[str]()

        def write(event: Any, **_: Any) -> None:
            match event:
                case FaultLanded():
                    told.put(f"{event.kind} landed at {event.phase}")
                case FaultHealed():
                    told.put(f"{event.kind} is over at {event.phase}")
                case FaultMissed():
                    told.put(f"{event.kind} did not land at {event.phase}: {event.error}")

        try:
            proxy = WireProxy(upstream, write)
        except ValueError as error:
            raise BadOption(f"{upstream!r} is no URL of a server: {error}") from error
        with proxy:
            proxy.check()
            try:
                url = proxy.listen(_CLIENT, port)
            except OSError as error:
                raise BadOption(f"port {port} cannot be had ({error}); give another") from error
            if pid is not None:
                proxy.attach(_CLIENT, _process(pid))
            for fault in planned:
                proxy.plan(fault)
            console.print(url, soft_wrap=True, markup=False)
            while True:
                with suppress(queue.Empty):
                    console.print(told.get(timeout=0.1), soft_wrap=True, markup=False)

    sys.exit(guarded(work))


def fault_of(text: str, name: str) -> WireFault:
    """The fault that an option says. Raises `BadOption` for what is none."""
    try:
        what, side, doing = text.split("/", 2)
        action, _, parameters = doing.partition(":")
        word, _, nth = what.partition(":")
        given = dict(pair.split("=", 1) for pair in parameters.split(",") if pair)
        fields: dict[str, Any] = {
            key: int(value) if key in _NUMBERS else value for key, value in given.items()
        }
        fields["side"] = side  # the fault itself looks whether it is one
        if "error" in fields:
            fields["error"] = ERRORS.get(fields["error"], fields["error"])
        return WireFault(
            id=name, process=_CLIENT, match=_match(word), nth=int(nth or 1), action=action, **fields
        )
    except FaultProblem as error:
        raise BadOption(f"the fault {text!r} cannot be: {error}") from error
    except (ValueError, TypeError) as error:
        raise BadOption(
            f"{text!r} is no fault ({error}); write COMMAND[:NTH]/SIDE/ACTION[:NAME=VALUE,...],"
            " for example SET/before-reply/reset"
        ) from error


def _match(word: str) -> Match:
    if not word:
        raise ValueError("it names no command")
    return data_command() if word == "any" else command_named(word)


def _process(pid: int) -> Descendant:
    try:
        return Descendant(psutil.Process(pid), _CLIENT)
    except psutil.Error as error:
        raise BadOption(f"--pid {pid}: there is no such process") from error
