"""A server whose replica is cut off for good."""

from collections.abc import Callable

from chaos.faults.server_fault import ServerFault, ServerSite


def _once(site: ServerSite, cut_off: Callable[[], None]) -> None:
    del site
    cut_off()


ALONE = ServerFault(
    name="server-alone",
    meaning="its replica is cut off, so that whoever waits for one waits in vain",
    lasts=True,
    once=_once,
    for_good=True,
)
