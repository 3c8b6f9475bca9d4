"""A server without the replica that its clients wait for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chaos.faults.server_fault import ServerFault, ServerSite


@contextmanager
def alone(
    site: ServerSite, cut_off: Callable[[], None], join: Callable[[], None]
) -> Iterator[None]:
    """`join` returns when a replica is in sync with whoever is the server by then."""
    del site
    cut_off()
    yield
    join()


ALONE = ServerFault(
    name="server-alone",
    meaning="its replica is cut off, so that whoever waits for one waits in vain",
    lasts=True,
    during=alone,
)
