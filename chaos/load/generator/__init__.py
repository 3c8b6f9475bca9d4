"""The load generator: what Locust loads, with the supervisor of the run as its child.

* `users`: who enqueues what. This is the locustfile.
* `session`: one run of Locust from its first event to its last.
* `supervisor`: the supervisor, as Locust sees it.
* `enqueuer`: where the users of one process enqueue and write their history.
* `latency`: times to start and to commit, read from the histories while they are written.
* `options`, `shape`: the command line; a ramp with a spike.

Exit code: 1 when a promise was broken, 3 when the run proves nothing (nothing was enqueued, a
wanted fault hit no worker, the rig failed), 2 for wrong usage. After a pass the exit code is
Locust's own: 0, or the one of `--exit-code-on-error` (1 by default) when requests failed.
"""
