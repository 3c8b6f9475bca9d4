"""A server whose clock is stepped."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.faults.server_fault import ServerFault, ServerSite


@contextmanager
def _during(site: ServerSite, seconds: float) -> Iterator[None]:
    """The clock is stepped for good; the block is the time in which that may be felt."""
    site.step_clock(seconds)
    site.resume()
    yield


def _before(site: ServerSite) -> None:
    """Stand still until the step is made: no command may run between the note and the step."""
    site.pause()


CLOCK = ServerFault(
    name="server-clock",
    meaning="the clock of the server is stepped, forwards or back",
    lasts=True,
    before=_before,
    during=_during,
    steps_clock=True,
)
