"""Bugs in the parent of a fleet."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

FLEET = "fleet.py"

BUGS = (
    Bug(
        name="restarts_at_once",
        sentence="a worker that crashed is replaced at once, however often",
        edits=(Edit(FLEET, "delay_s = slot.backoff.next()", "delay_s = 0.0"),),
        anomaly="hasty-restart",
    ),
    Bug(
        name="restarts_too_late",
        sentence="the wait before a crashed worker is replaced is a thousand times too long",
        edits=(
            Edit(
                FLEET,
                "        slot.start_at = now + delay_s\n",
                "        slot.start_at = now + 1000 * delay_s\n",
            ),
        ),
        anomaly="unreplaced",
    ),
    Bug(
        name="a_worker_told_to_leave_is_not_replaced",
        sentence="a worker of a fleet that was told to leave by itself is not replaced",
        edits=(
            Edit(
                FLEET,
                "        elif self._kill_at is None:\n",
                '        elif word == "drained":\n'
                "            slot.start_at = math.inf\n"
                "        elif self._kill_at is None:\n",
            ),
        ),
        anomaly="unreplaced",
    ),
    Bug(
        name="a_hung_worker_is_asked_to_leave",
        sentence="a worker that hangs is sent SIGTERM, which it cannot act on",
        edits=(
            Edit(
                FLEET,
                "signal.SIGKILL)\n                slot.silent_s",
                "signal.SIGTERM)\n                slot.silent_s",
            ),
        ),
        anomaly="hung-worker",
    ),
    Bug(
        name="reports_do_not_count",
        sentence="a worker is taken for hung although it reports that it lives",
        edits=(
            Edit(
                FLEET,
                "slot.word, slot.silent_s = words[str(slot.pid)], 0.0",
                "slot.word = words[str(slot.pid)]",
            ),
        ),
        anomaly="needless-replacement",
    ),
    Bug(
        name="the_parent_counts_its_own_stop",
        sentence="a parent that was stopped takes its workers for hung when it goes on",
        edits=(Edit(FLEET, "            if turn_s > 2 * _TURN_S:\n", "            if False:\n"),),
        anomaly="needless-replacement",
    ),
)
