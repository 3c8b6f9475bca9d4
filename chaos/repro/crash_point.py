"""A finding of a sweep: what becomes of a job when its worker is hit at one command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.guarantees import guarantee_of
from chaos.repro.finding import FATES, Finding, NoFinding, look_at_releases, read_json, target_of
from chaos.repro.inlined.stage import Case
from chaos.sweep.cells import Cell
from chaos.sweep.life import Life
from chaos.targets import find_target

#: What a script sees of a job, and the anomalies that say so; the worst first.
_FATES = {"undone": ("lost", "stuck"), "twice": ("double-commit", "effect-repeated")}
#: What is done to the worker.
_DID = {
    "kill": "a worker is killed",
    "pause": "a worker stands still",
    "reset": "a worker's connection is reset",
    "lost-reply": "a worker's connection is closed",
}
#: Places in a job's handler, as they are told before and after them. Those of a child are hit in
#: the process that runs the job, and nowhere else.
_PLACES = {
    "HANDLER-START": ("its handler starts", "its handler has started"),
    "HANDLER-END": ("its handler ends", "its handler has ended"),
    "CHILD-START": ("its child starts the handler", "its child has started the handler"),
    "CHILD-END": ("its child ends the handler", "its child has ended the handler"),
}
#: Limit for a job to come back that nobody has seen come back.
_WAIT_S = 20.0


def of_cell(directory: Path, wanted: str | None) -> Finding:
    """What a sweep has found in this cell, or in the only one that is broken. Raises `NoFinding`
    and as `of_question` does."""
    swept = read_json(directory / "sweep.json")
    told = _chosen(swept["cells"], wanted)
    run, name = swept["run"], told["cell"]
    cell = Cell.parse(name)
    look_at_releases(run)
    where = f"{run['target']}, {name}"
    found = {**told["unpromised"], **told["anomalies"]}
    fate, anomaly = _fate(found, where)
    _look(cell, run, where)
    (fault,) = cell.faults
    word = fault.at.rpartition(".")[0]
    at = _moment(run["moments"].get(word, word), fault.at, fault.side)
    wait_s = max(_WAIT_S, 1.25 * run["timing"]["recovery_slack_ms"] / 1000 + 5)
    return Finding(
        target=target_of(run),
        part=name,
        play="crash_point",
        case=Case(
            fate=fate,
            wait_s=round(wait_s),
            how=fault.fault,
            plan=cell.story.jobs[0].get("plan", {"do": "ok"}),
            at=fault.at,
            side=fault.side,
            moments=run["moments"],
            drained=cell.story.drained,
        ),
        did=f"{_DID[fault.fault]} {at}",
        more=_told(cell.story),
        happened=FATES[fate],
        guarantee=guarantee_of(anomaly).id,
        story=(found[anomaly],),
        command=_command(run, name),
        server=run["versions"]["server"],
        python=run["versions"]["python"],
    )


def broken(directory: Path) -> list[str]:
    """The cells of a sweep of which a script could be written, one for each of what becomes of the
    job: the one whose place tells most, and can be found again."""
    cells = sorted(read_json(directory / "sweep.json")["cells"], key=_told_by_place)
    found: dict[str, str] = {}
    for fate, anomalies in _FATES.items():
        for cell in cells:
            if {*anomalies} & {*cell["anomalies"], *cell["unpromised"]}:
                found.setdefault(fate, cell["cell"])
    return [*dict.fromkeys(found.values())]


def _told_by_place(cell: Mapping[str, Any]) -> tuple[int, int, bool]:
    """Lower for a step of the job's life, then for a place in its handler, than for a command of
    which a worker may send any number, for other reasons too; for the first of its name; and for a
    claim that has happened, or another step that has not."""
    name, _, number = cell["boundary"].rpartition(".")
    rank = 0 if name.islower() else 1 if name in _PLACES else 2
    happened = cell["column"].endswith("before-reply")
    return rank, int(number), happened != (name == "claim")


def _chosen(cells: list[dict[str, Any]], wanted: str | None) -> dict[str, Any]:
    shown = {name for names in _FATES.values() for name in names}
    found = [cell for cell in cells if shown & {*cell["anomalies"], *cell["unpromised"]}]
    if wanted is not None:
        Cell.parse(wanted)  # tells what a cell looks like
        found = [cell for cell in cells if cell["cell"] == wanted]
        if not found:
            raise NoFinding(f"the sweep has not visited {wanted}")
    if not found:
        raise NoFinding("the sweep has found no crash point at which the job is lost or done twice")
    if len(found) > 1:
        names = ", ".join(cell["cell"] for cell in found)
        raise NoFinding(f"the sweep has found several; name one of its cells: {names}")
    return found[0]


def _fate(found: Mapping[str, str], where: str) -> tuple[str, str]:
    for fate, anomalies in _FATES.items():
        for anomaly in anomalies:
            if anomaly in found:
                return fate, anomaly
    what = ", ".join(found) or "no promise was broken"
    raise NoFinding(f"{where}: no script could show this again: {what}")


def _look(cell: Cell, run: Mapping[str, Any], where: str) -> None:
    """Raise `NoFinding` for a cell that a script cannot play."""
    life, faults = cell.story, cell.faults
    if len(faults) != 1 or faults[0].fault not in _DID:
        raise NoFinding(f"{where}: a script can only do one of {', '.join(_DID)}")
    held = any(act.do != "term" or act.held_ms for act in life.acts) or len(life.acts) > 1
    if len(life.jobs) != 1 or life.jobs[0].keys() - {"plan"} or held or life.victim != "worker":
        raise NoFinding(f"{where}: there is no script for this life yet")
    if find_target(target_of(run)).asks is not None and "moments" not in run:
        raise NoFinding(f"{where}: the sweep does not say what its moments are; sweep again")


def _moment(command: str, at: str, side: str) -> str:
    name, _, number = at.rpartition(".")
    if name in _PLACES:
        before, after = _PLACES[name]
        again = f" (run {number})" if number != "1" else ""
        return f"before {before}{again}" if side == "before-send" else f"after {after}{again}"
    which = f"its `{command}` number {number}" if command else f"its command number {number}"
    if command and number == "1":
        which = f"its first `{command}`"
    if side == "before-send":
        return f"before {which} reaches the server"
    return f"after {which} has run on the server, and before the reply arrives"


def _told(life: Life) -> str:
    leaves = " It was told to leave (SIGTERM) once it had taken the job." if life.drained else ""
    return f"Undisturbed, the job {life.meaning}.{leaves} Another worker comes."


def _command(run: Mapping[str, Any], cell: str) -> str:
    """The command that repeats a cell of a sweep."""
    program = run["command"].split(" --")[0]
    return f"{program} --target {target_of(run)} --cell {cell} --seed {run['seed']}"
