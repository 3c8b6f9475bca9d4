"""A server without memory, which throws away keys of any kind (`maxmemory-policy allkeys-…`)."""

from chaos.faults.server.fill import form, out_of_memory
from chaos.faults.server_fault import ServerFault

EVICT = ServerFault(
    name="server-evict",
    meaning="the server has no memory left, and throws keys of any kind away",
    lasts=True,
    forgets=True,
    during=out_of_memory,
    form=form,
)
