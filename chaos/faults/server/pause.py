"""A server whose process stands still."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.faults.server_fault import ServerFault, ServerSite


@contextmanager
def _during(site: ServerSite) -> Iterator[None]:
    site.pause()
    yield
    site.resume()


PAUSE = ServerFault(
    name="server-pause",
    meaning="SIGSTOP to the server; all connections stay open",
    lasts=True,
    during=_during,
    silent=True,
)
