"""One run of Locust, from its first event to its last, with the keeper beside it.

Locust starts and stops tests as often as it likes; the run is judged once, when Locust leaves, in
whatever way: at the end of `-t`, by Ctrl-C, by SIGTERM, from the web page. Its last events may come
twice, and at the same time (locust#1421, #1638), so everything here can be called again.
"""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING, WorkerRunner
from locust.web import WebUI

from chaos.servers import mask
from loadtests import _bench, _options
from loadtests._keeper import Ending, Keeper, KeeperProblem
from loadtests._latency import Latencies
from loadtests._shape import USERS, RampWithSpike

_log = logging.getLogger(__name__)
#: How long late figures may take at the end.
_CATCH_UP_S = 5.0


class Session:
    """The run, in the process that has the statistics: Locust's only one, or the master."""

    def __init__(self, environment: Environment, web_ui: WebUI | None) -> None:
        assert environment.parsed_options is not None
        self._environment = environment
        self._web_ui = web_ui
        self._options = environment.parsed_options
        self._fixed = {name: getattr(self._options, name) for name in _options.FIXED}
        self._keeper = Keeper(self._options)
        # Locust hands its options on to its workers at the start of each test.
        self._options.stand = self._keeper.stand
        environment.host = mask(self._keeper.stand["url"])  # for its page and its reports
        self._latencies = Latencies(Path(self._keeper.stand["history"]), environment.events.request)
        self._leaving = False
        self._ending: Ending | None = None
        self._keeper.on_end(self._keeper_ended)
        self._choose_shape(self._options.shape)
        if environment.available_shape_classes is not None:  # for --class-picker
            environment.available_shape_classes.setdefault(RampWithSpike.__name__, RampWithSpike())
        if web_ui is not None and web_ui.app is not None:
            web_ui.app.before_request(self._before_request)

    def _before_request(self) -> None:
        """The web page may ask for another shape; Locust looks which there is right after this."""
        from flask import request

        if request.method == "POST" and request.path.endswith("/swarm"):
            self._choose_shape(request.form.get("shape", self._options.shape))

    def _choose_shape(self, name: str) -> None:
        environment, options = self._environment, self._options
        if name == _options.RAMP_WITH_SPIKE:
            shape = RampWithSpike()
            shape.runner = environment.runner
            environment.shape_class = shape
            # Without a user interface Locust would take 1 for what was not given.
            options.num_users = options.num_users or USERS
            options.spawn_rate = options.spawn_rate or options.num_users
        elif isinstance(environment.shape_class, RampWithSpike):
            environment.shape_class = None

    def test_started(self) -> None:
        for name, value in self._fixed.items():
            if getattr(self._options, name) != value:
                option = name.replace("_", "-")
                _log.warning("--%s was fixed when Locust started: it stays %s", option, value)
                setattr(self._options, name, value)
        self._keeper.chaos(self._options.chaos)

    def test_stopped(self) -> None:
        self._keeper.chaos("none")

    def _keeper_ended(self) -> None:
        if not self._leaving:
            _log.error("The load test cannot go on: its fleet or its server has failed.")
            gevent.spawn(self._quit)

    def _quit(self) -> None:
        if self._environment.runner is not None:
            self._environment.runner.quit()
        if self._web_ui is not None:
            self._web_ui.stop()

    def finish(self) -> None:
        """Stop what still runs, have the run judged, and set Locust's exit code."""
        self._leaving = True
        runner = self._environment.runner
        if runner is not None and runner.state not in (
            STATE_CLEANUP,
            STATE_STOPPED,
            STATE_STOPPING,
        ):
            runner.stop()
        _bench.leave()
        ending = self._keeper.finish()
        self._latencies.finish(_CATCH_UP_S)
        if ending.exit_code:  # else it is Locust's own: requests may have failed
            self._environment.process_exit_code = ending.exit_code
        self._ending = ending

    def tell(self) -> None:
        """Print the verdict, below everything that Locust prints."""
        ending, self._ending = self._ending, None
        if ending is None:
            return
        # With --json the output is for programs.
        output = sys.stderr if self._options.json else sys.stdout
        print(ending.text or "UNKNOWN: the run was cut short and not judged", file=output)
        output.flush()


_session: Session | None = None


def _on_init_command_line_parser(parser: LocustArgumentParser, **_: Any) -> None:
    _options.add(parser)


def _on_init(environment: Environment, runner: Any, web_ui: WebUI | None, **_: Any) -> None:
    global _session
    if isinstance(runner, WorkerRunner):
        return
    try:
        _session = Session(environment, web_ui)
    except KeeperProblem as problem:
        sys.exit(problem.exit_code)


def _on_test_start(**_: Any) -> None:
    if _session is not None:
        _session.test_started()


def _on_test_stop(**_: Any) -> None:
    _bench.leave()
    if _session is not None:
        _session.test_stopped()


def _on_quitting(**_: Any) -> None:
    if _session is not None:
        _session.finish()


def _on_quit(**_: Any) -> None:
    if _session is not None:
        _session.tell()


for _hook, _listener in (
    (events.init_command_line_parser, _on_init_command_line_parser),
    (events.init, _on_init),
    (events.test_start, _on_test_start),
    (events.test_stop, _on_test_stop),
    (events.quitting, _on_quitting),
    (events.quit, _on_quit),
):
    _hook.add_listener(_listener)
