"""A job kills its worker each time; each worker that dies is replaced."""

from __future__ import annotations

from chaos.repro.inlined.stage import Stage


def play(stage: Stage) -> None:
    mended = stage.directory / "mended"
    stage.worker()
    stage.worker()
    stage.jobs = stage.enqueue({"do": "die", "mended": str(mended)})
    replaced = set[str]()

    def deadly() -> bool:
        for worker in [*stage.workers]:
            if worker.process.poll() is not None and worker.name not in replaced:
                replaced.add(worker.name)
                stage.worker()
        return len(stage.runs()) >= stage.case.deaths

    if stage.allow(stage.case.wait_s, deadly):
        stage.found.add("endless")
    mended.touch()  # it does no harm from now on
