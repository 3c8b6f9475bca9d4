"""Load with a proof: Locust enqueues, workers are killed meanwhile, and no job may be lost.

    locust -f loadtests/ --headless -u 20 -r 10 -t 20s --chaos kill

Locust itself only enqueues and measures. The server, the workers, the faults and the verdict belong
to a process beside it, the *keeper* (`chaos.load.supervisor`), because Locust rewires the standard
library for gevent, and because what is killed and judged must not depend on what loads it.

* `users.py`: who enqueues what. Locust loads this file; it passes over those that begin with `_`.
* `_session.py`: one run of Locust from its first event to its last, with the keeper beside it.
* `_keeper.py`: the keeper, as seen from here.
* `_bench.py`: where the users of one process enqueue and write their history.
* `_latency.py`: times to start and to commit, read from the histories while they are written.
* `_options.py`, `_shape.py`: the command line; a ramp with a spike.

Exit code: 1 when a promise was broken, 3 when the run proves nothing (nothing enqueued, no worker
hit by a wanted fault, the rig failed), 2 for wrong usage. After a pass it is Locust's own: 0, or
`--exit-code-on-error` (1) when requests failed.
"""
