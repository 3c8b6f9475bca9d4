"""A server that has forgotten its scripts."""

from chaos.faults.server_fault import ServerFault, ServerSite


def _once(site: ServerSite) -> None:
    with site.asking() as ask:
        ask("SCRIPT", "FLUSH")


SCRIPTS = ServerFault(
    name="server-scripts",
    meaning="SCRIPT FLUSH: the server forgets all scripts",
    lasts=True,
    once=_once,
)
