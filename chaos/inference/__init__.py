"""What a queue's commands mean, worked out from a clean run: which one takes a job, which ends it.

`watch` plays the run, `infer` finds the moments, and `wire_of` makes of them the `Wire` by which
faults land and transitions are read.
"""

from chaos.inference.clean_run import watch
from chaos.inference.moments import Inferred, infer
from chaos.inference.reader import wire_of

__all__ = ["Inferred", "infer", "watch", "wire_of"]
