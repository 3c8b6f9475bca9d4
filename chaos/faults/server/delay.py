"""A server that one command keeps busy."""

from chaos.faults.server_fault import ServerFault, ServerSite


def _once(site: ServerSite, seconds: float) -> None:
    with site.asking(seconds + 5) as ask:
        ask("DEBUG", "SLEEP", seconds)


DELAY = ServerFault(
    name="server-delay",
    meaning="a command keeps the server busy for a time, as a slow script does",
    lasts=True,
    once=_once,
    silent=True,
)
