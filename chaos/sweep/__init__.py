"""The sweep: one life of a job, once for every command boundary in it and every fault.

A *cell* is a life, a boundary (the k-th command of the process that lives it, on one side of it),
and a fault. Every cell is a run of its own with real processes on a real server: the fault lands at
its boundary, another worker picks up what is left, and the history is judged by the same checks as
everything else. The number of a life's boundaries is found by running it.
"""
