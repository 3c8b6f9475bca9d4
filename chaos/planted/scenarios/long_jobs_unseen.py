"""Jobs run for longer than a lock lives, and nobody watches the wire.

If it is not seen for how long a lock was renewed, an undisturbed worker is expected to keep it.
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
