"""Benchmarks. Their figures are ratios within one run, so they mean the same on any machine.

* `python -m benchmarks.throughput`: the reference queue beside a floor, the bare calls that it
  needs in any case.
* `python -m benchmarks.compare`: the reference beside other Python queues, each in an environment
  of its own.
* `python -m benchmarks.growth`: the reference's cost with more jobs waiting, more queues and
  workers, and larger results.
* `python -m benchmarks.durability`: the cost of waiting until writes are durable.
* `python -m benchmarks.judge`: the judge's time for a usual history, and for a long one.
* `python -m benchmarks.wire_proxy`: the time that the wire proxy adds to a command.

Each module in this folder is a command. `parts` has what they share, `reference` all that they know
of the reference queue, `growing` what belongs to its growth, and `peers` all that they know of
other queues.
"""

import chaos  # noqa: F401 - names a missing package in one sentence
