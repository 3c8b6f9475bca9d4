"""A ramp with a spike, for those who ask for it (`--shape ramp-spike`)."""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

from locust import LoadTestShape

#: Values for -u and -t when they are not given.
USERS, SECONDS = 50, 60
_STEPS = 5


class RampWithSpike(LoadTestShape):
    """Half of the time it climbs to half of the users; then a tenth with all of them; then back.

    `-u`, `-r` and `-t` say how many, how fast, and how long in all.
    """

    # Locust lets any other shape that it finds take over.
    abstract = True
    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """The users and the spawn rate of this second; None when it is over."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        assert options is not None
        users = options.num_users or USERS
        wanted = users_at(self.get_run_time() / (options.run_time or SECONDS), users)
        return None if wanted is None else (wanted, options.spawn_rate or users)


def users_at(part: float, users: int) -> int | None:
    """The number of users, of `users` in all, when this part of the time, 0 to 1, has passed."""
    base = max(1, users // 2)
    if part >= 1:
        return None
    if 0.5 <= part < 0.6:
        return users
    return max(1, base * min(_STEPS, 1 + int(part * 2 * _STEPS)) // _STEPS)
