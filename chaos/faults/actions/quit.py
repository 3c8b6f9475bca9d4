"""SIGQUIT, by which a worker is asked to leave and to wait for no job."""

from signal import SIGQUIT

from chaos.faults.action import WireAction
from chaos.faults.signalled import sending

QUIT = WireAction(
    name="quit",
    meaning="SIGQUIT, as by Ctrl-\\; the process is asked to leave at once",
    forgets=True,
    to_process="leaves",
    hurries=True,
    signal=SIGQUIT,
    inject=sending(SIGQUIT),
    takes=("for_ms",),
    swept=(),  # every life of the sweep would be a drain; one is
)
