"""The kinds of evidence that a target can show and a check may need."""

from __future__ import annotations

from enum import StrEnum


class Evidence(StrEnum):
    """Something that not every target shows. Each one shows its enqueues, its processes, and the
    starts and ends of its handlers."""

    #: Commands on the wire: which transition of a job each of them makes.
    WIRE = "wire"
    #: The commands that complete a job.
    COMPLETIONS = "completions"
    #: Fencing tokens, which number the attempts of a job.
    TOKENS = "tokens"
    #: The state of each job in the end.
    JOBS = "jobs"
    #: The number of retries of each job.
    RETRIES = "retries"
    #: The effects that jobs handed to their commit.
    EFFECTS = "effects"
    #: All keys that are left in the end, and their owners.
    KEYS = "keys"
    #: The health key of each worker.
    HEALTH = "health"
    #: Looks at the store while the run goes on.
    STATE = "state"

    @property
    def absence(self) -> str:
        """Said of a target that does not show it."""
        return _ABSENCES[self]


_ABSENCES = {
    Evidence.WIRE: "its commands on the wire cannot be read",
    Evidence.COMPLETIONS: "no command on the wire shows that a job is completed",
    Evidence.TOKENS: "its attempts have no fencing tokens",
    Evidence.JOBS: "nothing tells the state of its jobs in the end",
    Evidence.RETRIES: "nothing tells how often its jobs were retried",
    Evidence.EFFECTS: "nothing tells which effects its jobs had",
    Evidence.KEYS: "nothing lists the keys that it leaves",
    Evidence.HEALTH: "nothing tells whether its workers have health keys",
    Evidence.STATE: "nobody can look at its store while a run goes on",
}
