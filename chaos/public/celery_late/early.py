"""The same worker, which acknowledges a message when it takes it: `celery -A early worker`."""

from tasks import app

app.conf.task_acks_late = False
