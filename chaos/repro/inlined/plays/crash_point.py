"""A worker is hit at one of its commands, and another one comes."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing

from chaos.repro.inlined.processes import signal_family
from chaos.repro.inlined.proxy import Proxy
from chaos.repro.inlined.stage import Stage, say


class Strike:
    """What hits the worker that is behind the proxy, which calls this."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ready, self._goes_on = threading.Event(), threading.Event()
        self._told = False

    def begin(self) -> None:
        """From now on there is a worker."""
        self._ready.set()

    def __call__(self) -> bool:
        self._ready.wait()
        case, victim = self._stage.case, self._stage.workers[0]
        before = "before it is sent" if case.side == "before-send" else "before its reply arrives"
        what = {"kill": "SIGKILL to", "pause": "SIGSTOP to"}.get(case.how, "no connection more for")
        say("script", f"{what} {victim.name} at {case.at}, {before}")
        if case.how == "kill":
            signal_family(victim.pid, signal.SIGKILL)
        if case.how == "pause":
            signal_family(victim.pid, signal.SIGSTOP)
            return self._goes_on.wait()
        return False

    def drain(self) -> None:
        """Tell the worker to leave, as it has taken the job."""
        if self._stage.case.drained and not self._told:
            self._told = True
            self._ready.wait()
            say("script", f"SIGTERM to {self._stage.workers[0].name}, which has taken the job")
            os.kill(self._stage.workers[0].pid, signal.SIGTERM)

    def resume(self) -> None:
        """Let the worker go on that stands still."""
        say("script", f"SIGCONT to {self._stage.workers[0].name}")
        signal_family(self._stage.workers[0].pid, signal.SIGCONT)
        self._goes_on.set()


def play(stage: Stage) -> None:
    case, strike = stage.case, Strike(stage)
    proxy = Proxy(stage.server.address, case.at, case.side, case.moments, strike, strike.drain)
    with closing(proxy):
        stage.jobs = stage.enqueue(case.plan)
        stage.worker(stage.server.behind(proxy.port), awaited=False)
        strike.begin()
        stage.wait(f"the worker at {case.at}", proxy.struck.is_set)
        stage.worker()
        if case.how == "pause":
            stage.allow(case.wait_s, lambda: len(stage.runs()) > 1)
            strike.resume()
        stage.watch()
