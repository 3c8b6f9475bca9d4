"""A server that says no."""

from collections.abc import Mapping

from chaos.faults.action import Outcome, Site, WireAction

ERRORS: dict[str, str] = {
    "LOADING": "LOADING Redis is loading the dataset in memory",
    "READONLY": "READONLY You can't write against a read only replica.",
    "OOM": "OOM command not allowed when used memory > 'maxmemory'.",
    "NOSCRIPT": "NOSCRIPT No matching script. Please use EVAL.",
    "MASTERDOWN": (
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    ),
    "BUSY": (
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    ),
    "MOVED": "MOVED 1 127.0.0.1:6379",
}
"""Error lines as the server writes them, by their first word: the errors to inject."""

#: Answers of a server that is there and cannot do it now. The sweep gives them in turn.
_SWEPT = ("LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY")


async def _inject(site: Site) -> Outcome:
    site.landed()
    return Outcome(answer=f"-{site.fault.error}\r\n".encode())


def _in_turn(turn: int) -> Mapping[str, str]:
    return {"error": ERRORS[_SWEPT[turn % len(_SWEPT)]]}


ERROR = WireAction(
    name="error",
    meaning=f"the server answers with an error ({', '.join(_SWEPT)}, …)",
    inject=_inject,
    sides=("before-send", "before-reply"),
    needs=("error",),
    # Not before-reply: a server that has carried a command out does not say that it could not.
    swept=("before-send",),
    swept_with=_in_turn,
)
