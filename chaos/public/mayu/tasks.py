"""A worker of mayu: `mayu worker tasks:app`."""

import os

import chaos_job
from mayu import App

app = App(broker=os.environ["REDIS_URL"])


@app.task(max_retries=3, retry_on=(Exception,))
def handler(job: str) -> object:
    return chaos_job.run(job)
