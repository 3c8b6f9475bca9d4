"""rq: jobs in a list, a process for each that runs."""

from chaos.public.queues import public

TARGET = public(__file__, packages=("rq==3.0.0", "redis==8.1.0"), worker="rq worker --url {url}")
