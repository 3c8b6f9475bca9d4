"""Bugs in failures: what counts as one, and when the job is run again."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

ATTEMPT, ERRORS, SETTINGS = "attempt.py", "errors.py", "settings.py"

BUGS = (
    Bug(
        name="own_timeout_error_is_the_time_out",
        sentence="a TimeoutError that a handler raises is taken for the job's time-out",
        edits=(
            Edit(
                ATTEMPT,
                "if attempt.expired:  # also",
                "if attempt.expired or isinstance(failure, TimeoutError):  # also",
            ),
        ),
        anomaly="false-dead-letter",
    ),
    Bug(
        name="own_cancellation_is_a_success",
        sentence="a handler that raises CancelledError has completed its job",
        edits=(
            Edit(
                ATTEMPT,
                "        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler",
                "        except asyncio.CancelledError:\n"
                "            return None, None\n"
                "        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler",
            ),
        ),
        anomaly="wrong-end",
    ),
    Bug(
        name="system_exit_hands_the_job_back",
        sentence="a handler that raises SystemExit has its job handed back, which counts nothing",
        edits=(
            Edit(
                ATTEMPT,
                "        except BaseException as error:  # noqa: BLE001 - or the job",
                "        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001",
            ),
            Edit(
                ATTEMPT,
                "        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler",
                "        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001",
            ),
        ),
        anomaly="lost",
    ),
    Bug(
        name="own_delay_of_zero_is_none",
        sentence="a handler that asks to be run again at once waits for the usual back-off",
        edits=(Edit(ATTEMPT, "        if delay_ms is None:\n", "        if not delay_ms:\n"),),
        anomaly="late-start",
    ),
    Bug(
        name="own_delay_in_milliseconds",
        sentence="the delay that a handler asks for, in seconds, is taken for milliseconds",
        edits=(Edit(ERRORS, "return int(delay_s * 1000)", "return int(delay_s)"),),
        anomaly="early-start",
    ),
    Bug(
        name="own_delay_is_a_minimum",
        sentence="the usual back-off is added to the delay that a handler asks for",
        edits=(
            Edit(
                ATTEMPT,
                "        if delay_ms is None:\n"
                "            jitter = self._world.random.random()\n"
                "            delay_ms = self._world",
                "        if True:\n"
                "            jitter = self._world.random.random()\n"
                "            delay_ms = (delay_ms or 0) + self._world",
            ),
        ),
        anomaly="late-start",
    ),
    Bug(
        name="back_off_in_seconds",
        sentence="the back-off before the next run, in seconds, is taken for milliseconds",
        edits=(Edit(SETTINGS, "int(1000 * delay_s * (1 - self", "int(delay_s * (1 - self"),),
        anomaly="early-start",
    ),
    Bug(
        name="back_off_is_the_larger_bound",
        sentence="the back-off before the next run is never less than its cap",
        edits=(
            Edit(
                SETTINGS,
                "delay_s = min(self.retry_cap_s, self.retry_base_s *",
                "delay_s = max(self.retry_cap_s, self.retry_base_s *",
            ),
        ),
        anomaly="late-start",
    ),
    Bug(
        name="refused_effect_is_dropped",
        sentence="a job whose effect the server refuses is completed without it",
        edits=(
            Edit(
                "lua/finish.lua",
                "if err then return 'EFFECT ' .. i .. ' (' .. command[1] .. '): ' .. err end",
                "",
            ),
        ),
        anomaly="effect-missing",
    ),
    Bug(
        name="a_failure_forgives_crashes",
        sentence="a job that fails forgets the workers that it has lost",
        edits=(
            Edit(
                "lua/retry.lua",
                "redis.call('HDEL', job, 'worker_id')\nredis.call('ZADD', queue, due",
                "redis.call('HDEL', job, 'worker_id', 'crashes', 'charged')\n"
                "redis.call('ZADD', queue, due",
            ),
        ),
        anomaly="uncounted-crash",
    ),
)
