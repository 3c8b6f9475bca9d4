"""A reply that never arrives."""

from chaos.faults.action import Outcome, Site, WireAction


async def _inject(site: Site) -> Outcome:
    site.landed()
    return site.cut(reset=False)


LOST_REPLY = WireAction(
    name="lost-reply",
    former=("lose-reply",),
    meaning="the command ran, and the connection closes before its reply",
    inject=_inject,
    sides=("before-reply",),
)
