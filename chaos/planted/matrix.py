"""For each scenario and each guarantee that it is about: a bug that breaks this guarantee there.

A scenario that says it is about a guarantee has to turn red when that is broken. So each cell names
a bug, which the scenario must catch by an anomaly of the guarantee. `python -m chaos.planted
--matrix` plays them all. A guarantee for which no bug can be found has no place in the scenario.
"""

from __future__ import annotations

from random import Random

from chaos.guarantees import guarantee_of
from chaos.planted.bugs import BUGS
from chaos.planted.trials import Trial

#: Guarantee -> the bug that breaks it nearly everywhere.
_USUAL = {
    "alive": "stops_at_the_first_connection_error",
    "budget": "one_failure_too_many",
    "capacity": "one_job_too_many",
    "burst": "burst_looks_only_at_the_queue",
    "drain": "drain_drops_what_it_holds",
    "effects-once": "effects_of_the_first_start_only",
    "exclusive": "taken_back_after_a_moment",
    "fair": "newest_first",
    "fenced": "finish_without_the_token_check",
    "honest-dlq": "one_failure_too_few",
    "no-loss": "taken_back_to_nowhere",
    "one-commit": "completed_once_more",
    "quiescent": "result_ttl_forgotten",
    "recovery": "taken_back_nine_seconds_late",
    "retry-once": "failures_count_twice",
    "schedule": "due_times_ignored",
}


def _row(*guarantees: str, **others: str) -> dict[str, str]:
    named = {guarantee.replace("_", "-"): bug for guarantee, bug in others.items()}
    return {guarantee: _USUAL[guarantee] for guarantee in guarantees} | named


#: Scenario -> guarantee -> bug.
MATRIX: dict[str, dict[str, str]] = {
    "blocked_event_loop": _row(
        *("one-commit", "effects-once", "no-loss"), alive="leaves_after_a_lost_lock"
    ),
    "burst_fleet": _row("burst", "no-loss", "schedule"),
    "clock_jump": _row("fenced", "one-commit", "effects-once", "no-loss"),
    "connections_killed": _row(
        *("one-commit", "effects-once", "exclusive", "alive"), no_loss="outcome_dropped_on_an_error"
    ),
    "crash_loop": _row("no-loss", replaced="restarts_at_once"),
    "damaged_jobs": _row(
        "quiescent",
        no_loss="damaged_entry_takes_the_next_along",
        effects_once="effects_shared_by_all_attempts",
        alive="leaves_after_a_lost_lock",
    ),
    "drain_on_sigterm": _row("drain", "no-loss", "effects-once", "exclusive"),
    "every_signal": _row(*("drain", "effects-once", "exclusive"), no_loss="release_to_nowhere"),
    "failover": _row("alive", "effects-once", no_loss="outcome_dropped_on_an_error"),
    "hung_workers": _row(*("no-loss", "effects-once"), replaced="one_word_stands_for_all_workers"),
    "kill_during_claim": _row(
        *("no-loss", "recovery", "effects-once", "exclusive", "fair", "capacity")
    ),
    "kill_during_finish": _row("no-loss", "one-commit", "effects-once", "recovery"),
    "long_job_outlives_lock_ttl": _row("exclusive", "recovery", "effects-once"),
    "lost_replies": _row(
        *("one-commit", "effects-once", "alive"),
        retry_once="retry_counts_before_the_check",
        no_loss="outcome_dropped_on_an_error",
    ),
    "many_workers": _row(
        *("no-loss", "one-commit", "effects-once"), recovery="taken_back_half_a_minute_late"
    ),
    "mixed": _row("no-loss", "one-commit", "effects-once", "retry-once", "alive"),
    "out_of_memory": _row(
        *("effects-once", "retry-once", "quiescent", "alive"), no_loss="outcome_dropped_on_an_error"
    ),
    "partition": _row(
        *("one-commit", "effects-once", "exclusive"),
        fenced="refresh_without_the_token_check",
        lease="never_acquitted",
        alive="leaves_after_a_lost_lock",
    ),
    "pause_past_heartbeat": _row("fenced", "one-commit", "effects-once"),
    "poison_job": _row(
        "no-loss",
        effects_once="effects_shared_by_all_attempts",
        budget="poison_never_buried",
        honest_dlq="poison_buried_too_early",
    ),
    "power_loss": _row(
        *("retry-once", "quiescent"),
        no_loss="retry_in_two_steps",
        effects_once="effects_in_a_second_step",
    ),
    "producers": _row(
        "effects-once",
        no_loss="enqueue_in_two_steps",
        no_phantom="half_refused_is_refused",
        one_commit="a_done_id_is_enqueued_again",
    ),
    "read_only": _row(
        *("effects-once", "retry-once", "alive"), no_loss="outcome_dropped_on_an_error"
    ),
    "redis_killed": _row("effects-once", "alive", no_loss="outcome_dropped_on_an_error"),
    "redis_restart": _row("no-loss", "alive", "effects-once"),
    "retry_storm": _row(
        *("no-loss", "retry-once", "budget", "honest-dlq"), prompt="own_delay_of_zero_is_none"
    ),
    "scripts_flushed": _row(
        *("effects-once", "retry-once"),
        no_loss="outcome_dropped_without_its_script",
        alive="leaves_when_scripts_are_gone_again",
    ),
    "signals_on_the_wire": _row(
        *("drain", "one-commit", "effects-once", "retry-once"), no_loss="release_to_nowhere"
    ),
    "slow_server": _row("one-commit", "effects-once", "no-loss", "alive"),
    "steady_load": _row(
        state="retry_does_not_tell_when", steady="outcomes_are_remembered", fair="batch_backwards"
    ),
    "terminal_signals": _row(*("drain", "effects-once", "exclusive"), no_loss="release_to_nowhere"),
    "too_many_clients": _row("no-loss", "effects-once", "alive"),
    "worker_clock": _row(
        *("exclusive", "retry-once", "schedule", "drain"),
        no_loss="release_to_nowhere",
        alive="leaves_when_its_clock_is_stepped",
    ),
}


def cells() -> list[Trial]:
    """A trial for each cell, scenario by scenario."""
    return [
        _trial(scenario, guarantee, bug)
        for scenario, row in MATRIX.items()
        for guarantee, bug in row.items()
    ]


def drawn(count: int, seed: int) -> list[Trial]:
    """Some of the cells, drawn by the seed."""
    every = cells()
    return Random(seed).sample(every, min(count, len(every)))


def _trial(scenario: str, guarantee: str, bug: str) -> Trial:
    anomaly = BUGS[bug].anomaly
    assert guarantee_of(anomaly).id == guarantee, f"{bug} shows {anomaly}, not {guarantee}"
    name = f"{scenario}-{guarantee}"
    return Trial(name=name, scenario=scenario, bugs=bug, anomaly=anomaly)
