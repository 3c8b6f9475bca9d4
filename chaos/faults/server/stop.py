"""A server that is shut down for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.faults.server_fault import ServerFault, ServerSite


@contextmanager
def _during(site: ServerSite) -> Iterator[None]:
    site.stop()
    yield
    site.start()


STOP = ServerFault(
    name="server-stop",
    meaning="the server is shut down in an orderly way, and started again where it was",
    lasts=True,
    during=_during,
    silent=True,
    takes_down=True,
)
