"""A worker of celery: `celery -A tasks worker`."""

import json
import os

import chaos_job
from celery import Celery

app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.task_acks_late = False
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_transport_options = json.loads(os.environ["TIMES"])


@app.task(autoretry_for=(chaos_job.PlannedFailure,), max_retries=3, default_retry_delay=0.1)
def handler(job):
    return chaos_job.run(job)
