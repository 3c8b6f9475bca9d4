"""A locustfile for tests: people who are not in the load test, beside those who are."""

from __future__ import annotations

from locust import User, constant, task

from loadtests.users import Enqueuing


class Idler(User):
    """Never enqueues anything."""

    wait_time = constant(0.1)

    @task
    def nothing(self) -> None:
        pass


class Eager(Enqueuing):
    """Is in the middle of an enqueue at nearly any moment."""

    label = "eager"
    wait_time = constant(0)

    @task
    def some(self) -> None:
        self.enqueue([self.job() for _ in range(10)])
