"""docket: tasks in a stream, with a consumer group."""

from chaos.public.queues import public

TARGET = public(__file__, packages=("pydocket==0.27.0",), worker="python worker.py")
