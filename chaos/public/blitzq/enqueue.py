import json
import sys

from tasks import handler

for line in sys.stdin:
    print(handler.options(task_id=json.loads(line)["id"]).enqueue_sync(line).id, flush=True)
