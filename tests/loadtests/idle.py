"""A locustfile for a test: somebody who never enqueues anything."""

from locust import User, constant, task


class Idler(User):
    wait_time = constant(0.1)

    @task
    def nothing(self) -> None:
        pass
