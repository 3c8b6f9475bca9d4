"""The frame of a run: what comes after every story, and what is saved where one fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import closing

import redis

from chaos.history.events import FinalRead, RigBroken, RigFinished, ServerDown
from chaos.rig.canary import ends_of_jobs
from chaos.rig.ending import note_files, read_final_state
from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.servers import ServerProblem
from chaos.wire import WireProxyError


def play(rig: Rig, story: Callable[[Rig], None]) -> None:
    """Tell a story, then do what every story needs: work done, faults settled, end read.

    Whatever fails is written down, and the run cannot pass; what it has shown until then is
    judged. Only what must end the rig itself is raised again.
    """
    try:
        _play(rig, story)
    except WireProxyError as error:
        _broke(rig, error.__cause__ or error)  # and nobody reaches the server any more
    except Exception as error:  # noqa: BLE001 - whatever it is, this run cannot pass
        _broke(rig, error)
        _save_what_there_is(rig)
    except BaseException as error:
        _broke(rig, error)
        raise


def _play(rig: Rig, story: Callable[[Rig], None]) -> None:
    if rig.setup.wire:
        rig.wire.check()
    story(rig)
    rig.settle()
    rig.samples.finish()
    _read_end(rig)
    if rig.server.disputed:
        raise RigProblem("another rig has used the database meanwhile")
    rig.record(RigFinished())


def _read_end(rig: Rig) -> None:
    if rig.inspector is not None:
        more = rig.seen.final_workers()
        read_final_state(rig.inspector, rig.seen.jobs, rig.record, more)
    elif rig.setup.target.asks is not None:
        for end in ends_of_jobs(rig):
            rig.record(end)
        rig.record(FinalRead(ok=True))
    note_files(rig.directory / "history", rig.record)


def _save_what_there_is(rig: Rig) -> None:
    """Settle after a failure as well as that can be, so that a broken promise can be seen.

    What is left of the work proves nothing, because the story would have gone on: the end is
    read only where nothing is left. Nor does what processes do without a server.
    """
    try:
        _ping(rig)
    except (redis.RedisError, ServerProblem):
        rig.seen.blind = True
        rig.record(ServerDown(), t=rig.wire.answered_t)
        note_files(rig.directory / "history", rig.record)
        return
    try:
        rig.wire.call_off()
        for worker in rig.workers.living():
            worker.life.process.resume()
        rig.settle()
        if rig.inspector is not None and rig.seen.idle():
            _read_end(rig)
        else:
            note_files(rig.directory / "history", rig.record)
    except Exception as error:  # noqa: BLE001 - the reason why the run cannot pass is known
        _log(rig, error)


def _ping(rig: Rig) -> None:
    with closing(rig.server.client()) as client:
        client.ping()


def _broke(rig: Rig, error: BaseException) -> None:
    """Note that the run cannot be judged, and what exactly happened in `logs/rig.log`."""
    rig.record(RigBroken(error=str(error) or type(error).__name__))
    _log(rig, error)


def _log(rig: Rig, error: BaseException) -> None:
    logs = rig.directory / "logs"
    logs.mkdir(exist_ok=True)
    with (logs / "rig.log").open("a") as log:
        log.writelines(traceback.format_exception(error))
