"""Jobs: what can be asked of a queue, and the space from which they are drawn.

Workers import this, so it stays light.
"""

from chaos.jobs.digest import digest
from chaos.jobs.job import ECHO, Handler, Job, digest_of_arguments, echo

__all__ = ["ECHO", "Handler", "Job", "digest", "digest_of_arguments", "echo"]
