"""One run of Locust, from its first event to its last, with the supervisor beside it.

Locust starts and stops tests as often as it likes. The run is judged once, when Locust leaves, in
whatever way: at the end of `-t`, by Ctrl-C, by SIGTERM, from the web page. Its last events may come
twice, and at the same time (locust#1421, #1638), so everything here can be called again.
"""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

import logging
import signal
import sys
import time
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING, WorkerRunner
from locust.web import WebUI

from chaos.load.generator import enqueuer, options
from chaos.load.generator.latency import Latencies
from chaos.load.generator.shape import USERS, RampWithSpike
from chaos.load.generator.supervisor import Ending, Supervisor, SupervisorProblem
from chaos.report import output
from chaos.rig.options import SIGNALLED

_log = logging.getLogger(__name__)
output.harden()  # before Locust takes the streams for its log
#: Time for late figures at the end.
_CATCH_UP_S = 5.0
#: Signals that come closer together than this are one: of an impatient finger, or a whole group.
_SAME_S = 1.0
#: Time for Locust to notice that its runner has quit.
_NOTICE_S = 3.0


class Session:
    """The run, in the process that has the statistics: Locust's only one, or the master."""

    def __init__(self, environment: Environment, web_ui: WebUI | None) -> None:
        assert environment.parsed_options is not None
        self._environment = environment
        self._web_ui = web_ui
        self._chosen = environment.parsed_options
        self._fixed = {name: getattr(self._chosen, name) for name in options.FIXED}
        self._supervisor = Supervisor(self._chosen)
        # Locust hands its options on to its workers at the start of each test.
        self._chosen.chaos_run = self._supervisor.ready.to_json()
        environment.host = self._supervisor.ready.server  # on its page and in its reports
        self._latencies = Latencies(self._supervisor.ready.history, environment.events.request)
        self._leaving = self._finishing = False
        self._asked_at: float | None = None
        self._ending: Ending | None = None
        self._supervisor.on_end(self._supervisor_ended)
        self._choose_shape(self._chosen.shape)
        if environment.available_shape_classes is not None:  # for --class-picker
            environment.available_shape_classes.setdefault(RampWithSpike.__name__, RampWithSpike())
        if web_ui is not None and web_ui.app is not None:
            web_ui.app.before_request(self._before_request)

    def _before_request(self) -> Any:
        """Refuse a wrong option of the web page, for Locust takes any text for any of them. A new
        shape takes effect at once: right after this, Locust looks which one there is."""
        from flask import jsonify, request

        if request.method != "POST" or not request.path.endswith("/swarm"):
            return None
        for name, asked in request.form.items():
            host = self._supervisor.ready.server
            if wrong := options.complaint(name, asked):
                return jsonify({"success": False, "message": wrong, "host": host})
        self._choose_shape(request.form.get("shape", self._chosen.shape))
        return None

    def _choose_shape(self, name: str) -> None:
        environment, chosen = self._environment, self._chosen
        if name == options.RAMP_WITH_SPIKE:
            shape = RampWithSpike()
            shape.runner = environment.runner
            environment.shape_class = shape
            # Without a user interface Locust would take 1 for what was not given.
            chosen.num_users = chosen.num_users or USERS
            chosen.spawn_rate = chosen.spawn_rate or chosen.num_users
        elif isinstance(environment.shape_class, RampWithSpike):
            environment.shape_class = None

    def test_started(self) -> None:
        self._chosen.chaos_run = self._supervisor.ready.to_json()
        for name, value in self._fixed.items():
            if getattr(self._chosen, name) != value:
                option = name.replace("_", "-")
                _log.warning("--%s was fixed when Locust started: it stays %s", option, value)
                setattr(self._chosen, name, value)
        self._supervisor.choose_fault(self._chosen.chaos)

    def test_stopped(self) -> None:
        self._supervisor.choose_fault("none")

    def _supervisor_ended(self) -> None:
        if not self._leaving:
            _log.error("The load test cannot go on: its fleet or its server has failed.")
            gevent.spawn(self._quit)

    def _quit(self) -> None:
        if self._environment.runner is not None:
            self._environment.runner.quit()
        if self._web_ui is not None and self._web_ui.server is not None:
            self._web_ui.stop()

    def interrupted(self) -> None:
        """Ctrl-C or SIGTERM. The first ends the load, and has it judged; a later one cuts that
        short, and then it is unknown."""
        now, asked_at = time.monotonic(), self._asked_at
        if asked_at is not None:
            if now > asked_at + _SAME_S:
                self._supervisor.cut_short()
            return
        self._asked_at, self._leaving = now, True
        gevent.sleep(0)
        if not self._finishing:  # if so, it is SIGTERM, which Locust hears too
            self._quit()
        gevent.sleep(_NOTICE_S)
        if not self._finishing:  # Locust still waits for its workers, and will do so for ever
            self.finish()
            self.tell()
            sys.exit(self._environment.process_exit_code or 0)

    def finish(self) -> None:
        """Stop what still runs, have the run judged, and set Locust's exit code."""
        self._leaving = self._finishing = True
        runner = self._environment.runner
        if runner is not None and runner.state not in (
            STATE_CLEANUP,
            STATE_STOPPED,
            STATE_STOPPING,
        ):
            runner.stop()
        enqueuer.leave()
        ending = self._supervisor.finish()
        self._latencies.finish(_CATCH_UP_S)
        if ending.exit_code:  # a pass leaves Locust's own: requests may have failed
            self._environment.process_exit_code = ending.exit_code
        self._ending = ending

    def tell(self) -> None:
        """Print the verdict, below everything that Locust prints."""
        ending, self._ending = self._ending, None
        if ending is None:
            return
        # With --json the output is for programs.
        output = sys.stderr if self._chosen.json else sys.stdout
        print(ending.text or "UNKNOWN: the run was cut short and not judged", file=output)
        output.flush()


_session: Session | None = None


def _on_signal(number: signal.Signals, runner: Any) -> None:
    """In a greenlet of its own. Python would raise KeyboardInterrupt in whichever greenlet runs:
    under load in a user's, and once more in each that waits for it, in the middle of Locust's way
    out."""
    _log.info("Got %s", number.name)
    if isinstance(runner, WorkerRunner):
        runner.quit()
    elif _session is None:
        print(
            f"interrupted by {number.name} before the load began; everything that was started has"
            " been stopped",
            file=sys.stderr,
        )
        sys.exit(SIGNALLED + number)
    else:
        _session.interrupted()


def _on_init_command_line_parser(parser: LocustArgumentParser, **_: Any) -> None:
    options.add(parser)


def _on_init(environment: Environment, runner: Any, web_ui: WebUI | None, **_: Any) -> None:
    global _session
    gevent.signal_handler(signal.SIGINT, _on_signal, signal.SIGINT, runner)
    if isinstance(runner, WorkerRunner):  # SIGTERM is Locust's own matter there
        return
    gevent.signal_handler(signal.SIGTERM, _on_signal, signal.SIGTERM, runner)
    try:
        _session = Session(environment, web_ui)
    except SupervisorProblem as problem:
        sys.exit(problem.exit_code)


def _on_test_start(**_: Any) -> None:
    if _session is not None:
        _session.test_started()


def _on_test_stop(**_: Any) -> None:
    enqueuer.leave()
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
