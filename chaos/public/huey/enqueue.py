import sys

from tasks import handler

for line in sys.stdin:
    print(handler(line).id, flush=True)
