"""A command or a reply that arrives in pieces."""

from chaos.faults.action import Outcome, Site, WireAction


async def _inject(site: Site) -> Outcome:
    site.landed()
    site.heals_when_passed()
    return Outcome(pieces=site.fault.pieces or 0)


CHOP = WireAction(
    name="chop",
    meaning="the command or the reply is passed on in pieces, a millisecond apart",
    lasts=True,
    inject=_inject,
    sides=("before-send", "before-reply"),
    takes=("pieces",),
    swept=(),  # nothing is lost by it
)
