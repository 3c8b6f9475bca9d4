import sys

from tasks import handler

for line in sys.stdin:
    print(handler.send(line).id, flush=True)
