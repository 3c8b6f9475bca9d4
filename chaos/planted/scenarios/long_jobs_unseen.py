"""Jobs run for longer than a lock lives, and nobody watches the wire.

Where it is not seen how long a lock was renewed, a worker that nothing disturbs is expected to keep
it.
"""

from __future__ import annotations

import dataclasses

from chaos.planted.scenarios import long_jobs

SCENARIO = dataclasses.replace(
    long_jobs.SCENARIO,
    name="planted.scenarios.long_jobs_unseen",
    story=__doc__,
    guarantees=("no-loss", "effects-once"),
    wire=False,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
