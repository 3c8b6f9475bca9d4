"""A server that the rig does not run."""

from typing import NoReturn
from urllib.parse import parse_qs, urlencode, urlsplit

from chaos.servers import client
from chaos.servers.client import About
from chaos.servers.lock import KEY, DatabaseLock
from chaos.servers.problem import ServerProblem, mask
from chaos.servers.server import Server

ANSWER_TIMEOUT_S = 5.0


def at_database(url: str, number: int) -> str:
    """The same server's URL with another database."""
    parts = urlsplit(url)
    # redis-py goes by the options first, whatever the path says.
    options = {name: given for name, given in parse_qs(parts.query).items() if name != "db"}
    path = f"/{number}"
    if parts.scheme == "unix":
        path, options["db"] = parts.path, [str(number)]
    query = f"?{urlencode(options, doseq=True)}" if options else ""
    return f"{parts.scheme}://{parts.netloc}{path}{query}"


class UrlServer(Server):
    """Any server with a URL. The rig uses it, but can neither signal nor restart it.

    `start` checks that it is usable and that its database is empty, and locks the database until
    `close`: two rigs on one database refuse each other.
    """

    controllable = False

    def __init__(self, url: str) -> None:
        super().__init__()
        client.check_url(url)
        self._url = url
        self._run_id: str | None = None
        self._lock = DatabaseLock(url)

    def __repr__(self) -> str:
        return f"<server {mask(self._url)}>"

    @property
    def url(self) -> str:
        return self._url

    @property
    def pid(self) -> None:
        return None

    @property
    def log(self) -> None:
        return None

    def start(self) -> None:
        try:
            about = client.probe(self._url, timeout_s=ANSWER_TIMEOUT_S)
            with client.translated(self._url):
                self._lock.acquire()
            self._check_empty()
        except client.NotReady as error:
            raise ServerProblem(f"{error}; start the server or correct the URL") from error
        self._version, self._run_id = about.version, about.run_id

    def stop(self) -> None:
        self._refuse("stopped")

    def kill(self) -> None:
        self._refuse("killed")

    def pause(self) -> None:
        self._refuse("paused")

    def resume(self) -> None:
        self._refuse("resumed")

    def restart(self) -> None:
        self._refuse("restarted")

    def close(self) -> None:
        self._lock.release()

    @property
    def disputed(self) -> bool:
        return self._lock.taken

    def _refuse(self, what: str) -> NoReturn:
        raise ServerProblem(
            f"the server at {mask(self._url)} was not started by the rig, so it cannot be {what}; "
            "use embedded, local or container for that"
        )

    def _running(self) -> bool:
        return True

    def _check_running(self) -> None:
        pass

    def _is_ours(self, about: About) -> bool:
        # Its owner may restart it, so any server at the URL is the right one.
        return True

    def _check_empty(self) -> None:
        with client.asking(self._url, timeout_s=ANSWER_TIMEOUT_S) as asked:
            keys = asked.dbsize() - asked.exists(KEY)
            if not keys:
                return
            database = asked.connection_pool.connection_kwargs.get("db", 0)
            used = set(asked.info("keyspace"))
        free = next((n for n in range(15, -1, -1) if f"db{n}" not in used), None)
        example = "" if free is None else f", for example …/{free}"
        raise ServerProblem(
            f"database {database} at {mask(self._url)} holds {keys} keys; "
            f"give an empty one{example}"
        )
