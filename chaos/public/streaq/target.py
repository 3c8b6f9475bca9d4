"""streaq: jobs in streams, with a consumer group."""

from chaos.public.queues import public

TARGET = public(__file__, packages=("streaq==7.2.0",), worker="streaq run tasks:worker")
