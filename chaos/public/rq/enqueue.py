import json
import os
import sys

from redis import Redis
from rq import Queue, Retry

queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))
for line in sys.stdin:
    id = json.loads(line)["id"]
    print(queue.enqueue("jobs.handler", line, job_id=id, retry=Retry(max=3)).id, flush=True)
