"""A server that accepts no connections."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.faults.server_fault import ServerFault, ServerSite, configured


@contextmanager
def _during(site: ServerSite) -> Iterator[None]:
    with configured(site, {"maxclients": "1"}) as ask:
        ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        yield


CROWD = ServerFault(
    name="server-crowd",
    meaning="the server closes all connections, and accepts no new ones",
    lasts=True,
    during=_during,
    silent=True,
)
