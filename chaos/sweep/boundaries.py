"""The boundaries that runs show: those of every run of a life, and those that come up by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import CONNECT

#: How often a cell is run whose boundary has come up in some run by chance (a renewal of the lock,
#: a poll more). A run that tries it may show others, which are tried as well, and so on, each less
#: often.
CHANCE_TRIES = (2, 1, 1)
#: More commands of a kind than this tell nothing new where they come up by chance.
_CHANCE_NTH = 3


def boundaries(run: CellRun) -> list[str]:
    """The boundaries of a run by its commands: `claim.1`, `SET.1`, `claim.2`, …

    How a process sets its connections up, shows that it lives and waits for work does not depend on
    the life. So these commands are boundaries in some lives only; others have those that move a
    job, where the target can tell them.
    """
    commands = _connected_once(run.commands)
    moves = [command for command in commands if command.islower()]
    visited = commands if run.cell.story.whole or not moves else moves
    seen: Counter[str] = Counter()
    found = []
    for command in visited:
        seen[command] += 1
        found.append(f"{command}.{seen[command]}")
    return found


def _connected_once(commands: Sequence[str]) -> list[str]:
    """The commands, with one for all that set connections up."""
    first = CONNECT in commands and commands.index(CONNECT)
    return [name for place, name in enumerate(commands) if name != CONNECT or place == first]


class Beyond:
    """Boundaries that runs show and that were not tried yet."""

    def __init__(self, surely: Mapping[str, Iterable[str]]) -> None:
        #: By life and boundary: how many chances have led to it.
        self._chances = {(life, at): 0 for life, known in surely.items() for at in known}
        self._seen = 0

    def shown(self, runs: Sequence[CellRun]) -> Iterator[tuple[str, str, int]]:
        """The life, the boundary, and how often to try it, of each that came up in these runs since
        the last call."""
        new, self._seen = runs[self._seen :], len(runs)
        for run in new:
            life, faults = run.cell.life, run.cell.faults
            chances = 1 + (self._chances.get((life, faults[-1].at), 0) if faults else 0)
            if chances > len(CHANCE_TRIES):
                continue
            for at in boundaries(run):
                if (life, at) not in self._chances and int(at.rpartition(".")[2]) <= _CHANCE_NTH:
                    self._chances[life, at] = chances
                    yield life, at, CHANCE_TRIES[chances - 1]
