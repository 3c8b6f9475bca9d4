"""What is known of the jobs of a target whose handlers ask: their names, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Asking:
    """Filled while a run goes on, from several threads, one entry at a time."""

    #: The names that jobs have on the wire, with the rig's id of each.
    names: dict[bytes, str] = field(default_factory=dict)
    #: How the handler of a job ended last, by job and process.
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    #: What the rig has answered last to a handler whose call it could not take.
    complaint: str = ""

    def name(self, job: str, given: str) -> None:
        """Note the id that the queue has given to a job of the rig's."""
        self.names[job.encode()] = job
        self.names[given.encode()] = job

    def outcome(self, job: str, process: str) -> str | None:
        """How the handler of a job ended last in a process."""
        return self.outcomes.get((job, process))

    def names_of(self, job: str) -> set[bytes]:
        """All names of a job."""
        return {name for name, its in list(self.names.items()) if its == job}
