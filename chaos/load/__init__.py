"""The load test: Locust enqueues, workers are killed meanwhile, and no job may be lost.

Two processes share the work. The *supervisor* (`python -m chaos.load`) is a rig like that of every
scenario: it has the server, the workers, the faults and the verdict. The *load generator*
(`chaos.load.generator`, which Locust loads) enqueues and measures, and runs the supervisor as its
child. They are apart because Locust rewires the standard library for gevent, and because what is
killed and judged must not depend on the process that loads it.

* `supervisor`: the scenario that the supervisor plays.
* `faults`: hits one worker after the other, or all of a fleet, while the load runs.
* `protocol`: the lines that the two processes send each other.
* `lock`: tells the supervisor when all producers have stopped.
"""
