"""What is known of the jobs of a target whose handlers ask: their names, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Asking:
    """Filled while a run goes on, from several threads, one entry at a time."""

    #: The command of each moment, as `python -m chaos infer` prints it, where nothing is to be
    #: inferred.
    pinned: Mapping[str, str] = field(default_factory=dict)
    #: The names that jobs have on the wire, with the rig's id of each.
    names: dict[bytes, str] = field(default_factory=dict)
    #: How the handler of a job ended last, by job and process.
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Of each job: `begun`, or how a run of it has ended; one that has succeeded stays that way.
    #: Where the queue runs it again: `to fail`, and then `to retry`.
    states: dict[str, str] = field(default_factory=dict)
    #: What a job leaves in the store (`chaos.rig.remains`) that was `completed`, one that is `dead`
    #: and one that is `held`, as far as a clean run has shown it.
    leaves: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: A job that has failed once is run again, as far as a clean run has shown it.
    retried: bool = False
    #: What the rig has answered last to a handler whose call it could not take.
    complaint: str = ""

    def name(self, job: str, given: str) -> None:
        """Note the id that the queue has given to a job of the rig's."""
        self.names[job.encode()] = job
        self.names[given.encode()] = job

    def forget(self) -> None:
        """Begin anew: another run gives its jobs the same ids."""
        for known in (self.names, self.outcomes, self.states):
            known.clear()
        self.complaint = ""

    def begun(self, job: str, *, fails: bool = False) -> None:
        """A handler of this job begins; `fails`: it is to fail, for the first time."""
        if not self.succeeded(job):
            self.states[job] = "to fail" if fails and self.retried else "begun"

    def ended(self, job: str, process: str, outcome: str) -> None:
        """A handler of this job has ended in this process."""
        self.outcomes[job, process] = outcome
        if not self.succeeded(job):
            again = outcome == "error" and self.states.get(job) == "to fail"
            self.states[job] = "to retry" if again else outcome

    def succeeded(self, job: str) -> bool:
        """True if a run of this job has ended well."""
        return self.states.get(job) == "ok"

    def over(self, job: str) -> bool:
        """True if the last run of this job has ended, well or with a failure."""
        return self.states.get(job) in ("ok", "error")

    def outcome(self, job: str, process: str) -> str | None:
        """How the handler of a job ended last in a process."""
        return self.outcomes.get((job, process))

    def names_of(self, job: str) -> set[bytes]:
        """All names of a job."""
        return {name for name, its in list(self.names.items()) if its == job}
