"""The end of a cell: its processes are gone, its final state is read, its faults are told."""

from __future__ import annotations

from chaos.history.events import FinalJob, RigFinished
from chaos.processes import end_carrying
from chaos.rig.ending import note_files, read_final_state
from chaos.rig.samples import Samples
from chaos.sweep.cell.changes import Changes
from chaos.sweep.cell.commands import Commands
from chaos.sweep.cell.jobs import CellJobs
from chaos.sweep.cell.state import CellPlay
from chaos.targets.programs import URL_VARIABLES

_UNFINISHED = ("queued", "active", "retrying")


def read_end(play: CellPlay, jobs: CellJobs, commands: Commands, samples: Samples) -> None:
    """Write down what the jobs had to become, and what has become of them."""
    run, stage = play.run, play.stage
    for name in commands.wire.still_busy([process.name for process in play.processes]):
        play.trouble(f"commands of {name} were still under way")
    samples.finish()
    jobs.expect()
    for event in read_final_state(stage.seer, run.jobs, play.record):
        if isinstance(event, FinalJob):
            run.unfinished |= event.state in _UNFINISHED
    run.fates = stage.fates(run.jobs)
    note_files(run.directory / "history", play.record)
    play.record(RigFinished())


def end_processes(play: CellPlay, commands: Commands, changes: Changes) -> None:
    """End all processes that are left, and then their wire."""
    for process in play.processes:
        process.start.end()
        if not process.over:
            process.forked.kill()
            changes.wait(lambda process=process: process.over)  # type: ignore[misc]
    if play.asking is not None:  # a worker of another's may have started more
        names = [process.name for process in play.processes]
        end_carrying(URL_VARIABLES[0], {commands.wire.listener(name) for name in names})
    commands.wire.close()


def tell_faults(play: CellPlay, commands: Commands) -> None:
    """Say which faults have landed, and where the last of them did."""
    run = play.run
    faulty = [process for process in play.processes if process.injection is not None]
    victims = [process for process in play.processes if process.name.endswith("-victim")]
    run.landed = [process.hit for process in faulty]
    if not (told := faulty or victims):
        return
    last = told[-1]
    run.commands, run.phases = last.commands, last.phases
    if last.injection is None or last.injection.argv is None or last.injection.t is None:
        return
    run.command = commands.name_of(last.injection.argv)
    run.phase = commands.phases.at(last.injection.t)
