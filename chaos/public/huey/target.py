"""huey: jobs in a list, from which a consumer pops them."""

from chaos.public.queues import public

TARGET = public(
    __file__, packages=("huey==3.5.4", "redis==8.1.0"), worker="huey_consumer tasks.huey -w 4"
)
