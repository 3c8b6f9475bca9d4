"""A connection that is reset."""

from chaos.faults.action import Outcome, Site, WireAction


async def _inject(site: Site) -> Outcome:
    site.landed()
    return site.cut(reset=True)


RESET = WireAction(
    name="reset",
    meaning="the connection is reset, and what the reset came before is dropped",
    inject=_inject,
)
