"""Bugs in how the parent of a fleet treats its workers, and in how workers treat ruined jobs."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

BUGS = (
    Bug(
        name="hung_workers_are_not_watched",
        sentence="the parent listens to its workers, and ends none that has fallen silent",
        edits=(Edit("fleet.py", "elif slot.silent_s > limit_s:", "elif slot.silent_s < 0:"),),
        scenario="hung_workers",
        anomaly="hung-worker",
    ),
    Bug(
        name="one_word_stands_for_all_workers",
        sentence="the parent takes a word of any worker for a word of all of them",
        edits=(
            Edit(
                "fleet.py",
                "                if str(slot.pid) in words:\n"
                "                    slot.word, slot.silent_s = words[str(slot.pid)], 0.0\n",
                "                if words:\n"
                "                    slot.silent_s = 0.0\n"
                "                    slot.word = words.get(str(slot.pid), slot.word)\n",
            ),
        ),
        scenario="hung_workers",
        anomaly="hung-worker",
    ),
    Bug(
        name="beats_are_too_rare",
        sentence="workers show that they live less often than their parent wants to hear it",
        edits=(Edit("process.py", "BEAT_S = 0.5", "BEAT_S = 15.0"),),
        scenario="hung_workers",
        anomaly="needless-replacement",
    ),
    Bug(
        name="one_crash_ends_all_workers",
        sentence="when one worker crashes, the parent ends the others as well",
        edits=(
            Edit(
                "fleet.py",
                "        delay_s = slot.backoff.next()\n",
                "        for other in self._slots:\n"
                "            if other.pid:\n"
                "                os.kill(other.pid, signal.SIGKILL)\n"
                "        delay_s = slot.backoff.next()\n",
            ),
        ),
        scenario="hung_workers",
        anomaly="needless-replacement",
    ),
    Bug(
        name="killed_workers_are_not_replaced",
        sentence="a worker that was killed is taken for one that was told to leave for good",
        edits=(
            Edit(
                "fleet.py",
                '        if word == "done":\n',
                '        if word == "done" or code == -signal.SIGKILL:\n',
            ),
        ),
        scenario="crash_loop",
        anomaly="worker-died",
    ),
    Bug(
        name="restarts_one_worker_for_several",
        sentence="of workers that die in the same moment, the parent replaces one",
        edits=(
            Edit(
                "fleet.py",
                "            while (ended := os.waitpid(-1, os.WNOHANG))[0]:",
                "            lost = [slot for slot in self._slots if slot.pid]\n"
                "            while (ended := os.waitpid(-1, os.WNOHANG))[0]:",
            ),
            Edit(
                "fleet.py",
                "                        self._ended(slot, os.waitstatus_to_exitcode(ended[1]))",
                "                        self._ended(slot, os.waitstatus_to_exitcode(ended[1]))\n"
                "                        if len(lost) - sum(1 for s in self._slots if s.pid) > 1:\n"
                "                            slot.start_at = math.inf",
            ),
        ),
        scenario="crash_loop",
        anomaly="unreplaced",
    ),
    Bug(
        name="restarts_do_not_back_off",
        sentence="a worker that crashes again and again is restarted again and again, at once",
        edits=(Edit("fleet.py", "Backoff(0.1, 30.0, random)", "Backoff(0.1, 0.1, random)"),),
        scenario="crash_loop",
        anomaly="hasty-restart",
    ),
    Bug(
        name="every_start_counts_as_a_good_one",
        sentence="a worker that has started counts as sound, so its next crash is a first one",
        edits=(
            Edit(
                "fleet.py",
                "if now - slot.started_at > _HEALTHY_S + self._settings.hung_after_s:",
                "if now > slot.started_at:",
            ),
        ),
        scenario="crash_loop",
        anomaly="hasty-restart",
    ),
    Bug(
        name="ruined_job_keeps_its_lock",
        sentence="the lock of a job whose hash is gone is never removed",
        edits=(
            Edit(
                "lua/lock_and_pop.lua",
                "      taken_back[#taken_back + 1], taken_back[#taken_back + 2] = id, token\n"
                "    end\n  else\n    redis.call('ZREM', locks, id)\n  end\n",
                "      taken_back[#taken_back + 1], taken_back[#taken_back + 2] = id, token\n"
                "    end\n  end\n",
            ),
        ),
        scenario="damaged_jobs",
        anomaly="stuck",
    ),
    Bug(
        name="ruined_job_stops_its_neighbours",
        sentence="something else under a job's key makes every write of its worker fail",
        edits=(
            Edit(
                "lua/_owned.lua",
                "local held = redis.pcall('HMGET'",
                "local held = redis.call('HMGET'",
            ),
        ),
        scenario="damaged_jobs",
        anomaly="needless-takeback",
    ),
    Bug(
        name="burst_fleet_forgets_who_was_told_to_leave",
        sentence="a burst fleet does not replace a worker that another process told to leave",
        edits=(
            Edit(
                "fleet.py",
                '        if word == "done":\n',
                '        if word == "done" or (self._burst and word == "drained"):\n',
            ),
        ),
        scenario="burst_fleet",
        anomaly="unreplaced",
    ),
)
