"""Benchmarks whose figures are ratios within one run, so that they mean the same on any machine.

* `python -m benchmarks.throughput`: the reference queue beside a floor, the bare calls that it
  cannot do without.
* `python -m benchmarks.wire_proxy`: what the wire proxy adds to a command.

A module directly in here is a command; what they are built from lives in `parts`, and what they
need to know of the reference queue in `reference`.
"""

import chaos  # noqa: F401 - tells in a sentence which package is missing
