import sys

from tasks import handler

for line in sys.stdin:
    print(handler.delay(line).id, flush=True)
