"""One error tree. Redis' own exceptions are translated in `store`, and nowhere else."""


class RRQError(Exception):
    """Base of all errors of this package."""


class InvalidJob(RRQError, ValueError):
    """An enqueue that could never work: bad name, arguments that are not JSON, a naive datetime."""


class JobNotFound(RRQError, LookupError):
    """No job with this id: never enqueued, or its TTL has passed."""


class StoreError(RRQError):
    """The store did not do what it was asked."""


class StoreUnavailable(StoreError):
    """No answer: connection refused, reset or timed out. The call may or may not have happened."""


class StoreRefused(StoreError):
    """The server cannot now (loading, out of memory, read-only) and said so: it did not happen."""


class LockLost(RRQError):
    """This attempt does not hold its job any more; whatever it would write is refused."""


class RetryJob(Exception):
    """Raised by a handler to be run again; counts as a failed run.

    `delay_s` is the time until then, in seconds; None takes the usual back-off.
    """

    def __init__(self, message: str = "", *, delay_s: float | None = None) -> None:
        if delay_s is not None and delay_s < 0:
            raise ValueError(f"delay_s is {delay_s}; give 0 or more seconds")
        super().__init__(message or "the handler asked to be run again")
        self.delay_s = delay_s
