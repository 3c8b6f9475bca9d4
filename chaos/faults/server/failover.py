"""A server that is killed, and another takes its place."""

from collections.abc import Callable

from chaos.faults.server_fault import ServerFault, ServerSite


def _once(site: ServerSite, take_over: Callable[[], None]) -> None:
    """`take_over` returns when the other server answers."""
    site.kill()
    site.start(take_over)


FAILOVER = ServerFault(
    name="server-failover",
    meaning="SIGKILL to the server, and its replica takes over",
    lasts=True,
    forgets=True,
    once=_once,
    silent=True,
    takes_down=True,
)
