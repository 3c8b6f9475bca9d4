"""Real processes: started, forked, signalled and ended, so that none outlives the run."""

from chaos.processes.carrying import end_carrying
from chaos.processes.child import Child
from chaos.processes.descendants import Descendant, children_of, descendants_of
from chaos.processes.forked import Family, Forked, ForkServer, ForkServerGone
from chaos.processes.forking import die_with_parent, fork
from chaos.processes.group import ProcessGroup, end_processes
from chaos.processes.handle import ExitStatus, Handle, ProcessStillRunning
from chaos.processes.interrupts import Interrupted, held_back, on_signals
from chaos.processes.process import Process, spawn
from chaos.processes.run import Run
from chaos.processes.waiting import readable_within, side_by_side, wait_until
from chaos.processes.warm import PythonProgram, WarmServer, Warmth

__all__ = [
    "Child",
    "Descendant",
    "ExitStatus",
    "Family",
    "ForkServer",
    "ForkServerGone",
    "Forked",
    "Handle",
    "Interrupted",
    "Process",
    "ProcessGroup",
    "ProcessStillRunning",
    "PythonProgram",
    "Run",
    "WarmServer",
    "Warmth",
    "children_of",
    "descendants_of",
    "die_with_parent",
    "end_carrying",
    "end_processes",
    "fork",
    "held_back",
    "on_signals",
    "readable_within",
    "side_by_side",
    "spawn",
    "wait_until",
]
