"""The commands of a cell's processes, as its wire sees them, and the faults that wait for them."""

from __future__ import annotations

from chaos.faults import Match, data_command
from chaos.history.events import Event, Fault, FaultMissed, RigObstructed, Transition
from chaos.rig.wire import Wire
from chaos.sweep.cell.acting import Acting
from chaos.sweep.cell.at_handlers import AtHandlers
from chaos.sweep.cell.changes import Changes
from chaos.sweep.cell.phases import Phases
from chaos.sweep.cell.state import CellPlay, CellProcess
from chaos.sweep.cells import CONNECT, BoundaryFault, of_handler
from chaos.sweep.life import SETTINGS
from chaos.wire import Exchange

_ASKS = data_command()


class Commands:
    """Keeps each process's commands until its fault lands, and how far the job had come at each.
    A handler's begin and end stand among them. All is seen in the threads of the wire and the desk.
    """

    def __init__(self, play: CellPlay, changes: Changes, acting: Acting) -> None:
        """`acting` is shown each transition that the store has accepted."""
        self._play = play
        self._changes = changes
        self._acting = acting
        self.wire = Wire(
            play.stage.url, play.stage.target, SETTINGS, self._note, self._on_transition
        )
        #: Sees the begins and ends of handlers.
        self.at_handlers = AtHandlers(self._sees_handler, self._note)
        self.phases = Phases(play.story.victim)

    def plan(self, process: CellProcess, fault: BoundaryFault) -> None:
        """Let a fault land at one of these commands."""
        planned = fault.planned(process.name, self.name_of)
        at_handler = of_handler(fault.at)
        process.injection = (
            self.at_handlers.plan(planned) if at_handler else self.wire.inject(planned)
        )

    def watch(self, process: CellProcess) -> None:
        """See the commands of this process from now on."""
        self.wire.count(process.name, Match("all", lambda argv: self._sees(process, argv)))

    def name_of(self, argv: list[bytes]) -> str:
        """A command by its name. One that sets a connection up tells nothing about a queue."""
        sets_up = self._play.asking is not None and not _ASKS(argv)
        return CONNECT if sets_up else self.wire.name_of(argv)

    def _sees(self, process: CellProcess, argv: list[bytes]) -> bool:
        process.start.end()
        process.came = process.came or _ASKS(argv)
        if process.injection is None or process.injection.waiting:
            phase = self.phases.at()
            process.commands.append(self.name_of(argv))
            process.phases.append((phase, phase))
        return True

    def _sees_handler(self, process: str, step: list[bytes]) -> None:
        """A handler's begin or end is a boundary, like a command."""
        for each in self._play.processes:
            if each.name == process:
                self._sees(each, step)

    def _on_transition(self, exchange: Exchange, event: Transition) -> None:
        if event.answer != "ok":
            return
        self.phases.add(exchange.t_reply, event.op)
        self._moved(exchange)
        self._acting.see(exchange, event)

    def _moved(self, exchange: Exchange) -> None:
        """Note how far the job has come by the last command of this name."""
        name = self.wire.name_of(exchange.argv)
        for process in self._play.processes:
            if process.name == exchange.process and name in process.commands:
                last = len(process.commands) - 1 - process.commands[::-1].index(name)
                process.phases[last] = (process.phases[last][0], self.phases.at())

    def _note(self, event: Event, *, t: int | None = None, process: str | None = None) -> None:
        """Write down an event of the wire, and see what it means for this run."""
        play = self._play
        play.record(event, t=t, process=process)
        if isinstance(event, RigObstructed):
            play.run.obstructed = True
            play.trouble(str(event.error))
        ours = [each.injection.fault.id for each in play.processes if each.injection]
        if isinstance(event, FaultMissed) and event.fault in ours and not play.closing:
            play.run.missed = str(event.error)
        if isinstance(event, Fault):
            self._changes.notify()
