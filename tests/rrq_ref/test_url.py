"""The server's URL: a bad one is refused in one sentence, and no password is ever shown."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import asdict, replace
from typing import Any

import pytest

from rrq_ref.settings import Settings
from rrq_ref.url import mask

SCHEME = "give text that begins with redis://"
UNREADABLE = "percent-encode what is special in a password"
NUMBER = "its path must be the number of a database"

WRONG: list[tuple[Any, str]] = [
    (None, SCHEME), (b"redis://h", SCHEME), (6379, SCHEME), (["redis://h"], SCHEME),
    ("", SCHEME), ("nonsense", SCHEME), ("localhost:6379", SCHEME), ("http://h", SCHEME),
    ("redis:/h", SCHEME), ("redis:h", SCHEME), (" redis://h", SCHEME),
    ("rediss:///h:1", NUMBER), ("REDIS://h", SCHEME), ("redis://h:notaport/0", UNREADABLE),
    ("redis://h:0/0", UNREADABLE), ("redis://h:65536", UNREADABLE),
    ("redis://h:-1", UNREADABLE), ("redis://[::1", UNREADABLE),
    ("redis://[x]:1/0", UNREADABLE), ("redis://h/zero", NUMBER), ("redis://h/-1", NUMBER),
    ("redis://h/1.5", NUMBER), ("redis://h/0/1", NUMBER), ("redis://h?db=-1", NUMBER),
    ("redis://h?db=x", "db"), ("redis://h/0?socket_timeout=soon", "socket_timeout"),
    ("redis://h/0?protocol=4", "protocol"), ("redis://h/0?protocol=x", "options"),
    ("redis://h?port=x", "options"), ("redis://h/0?db", UNREADABLE),
    ("redis://h/0?clientname=me", "no option 'clientname'; did you mean client_name?"),
    ("redis://h/0?parser_class=x", "no option 'parser_class'"),
    ("redis://h/0?retry=3", "'retry'"),
    ("redis://h/0?credential_provider=x", "'credential_provider'"),
    ("redis://h/0?connection_class=x", "options"),
    ("redis://h/0?ssl_cert_reqs=none", "ssl_cert_reqs"),
    ("rediss://h/0?ssl_cert_reqs=maybe", "maybe"),
    ("rediss://h?ssl_ca_cert=/x", "mean ssl_ca_certs?"), ("unix://", "three slashes"),
    ("unix://tmp/redis.sock", "three slashes"), ("redis://h/0#x", UNREADABLE),
]  # fmt: skip


@pytest.mark.parametrize(("url", "says"), WRONG, ids=[repr(url) for url, _ in WRONG])
def test_a_url_that_cannot_work_is_refused_when_settings_are_made(url: Any, says: str) -> None:
    with pytest.raises(ValueError, match=r"^redis_url is ") as caught:
        Settings(redis_url=url)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^redis_url is "):
        replace(Settings(), redis_url=url)


GOOD = [
    "redis://", "redis://h", "redis://h:6379", "redis://h:6379/", "redis://h/15",
    "redis://h/0/", "redis://[::1]:6379/0", "rediss://ada:pa%2Fss@h:6380/1?ssl_cert_reqs=none",
    "redis://:@h", "unix:///tmp/a b@c.sock?db=1&password=x", "unix://ada:x@/tmp/r.sock",
    "redis://ada@h", "redis://h?db=2&host=other&port=7", "redis://h/0?password=",
    "redis://:%20@h/?protocol=3",
]  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_a_url_that_redis_py_takes_is_taken(url: str) -> None:
    settings = Settings(redis_url=url)
    assert settings.redis_url == url
    assert pickle.loads(pickle.dumps(settings)) == settings == copy.deepcopy(settings)


# Secrets

S = "s3cr3t"
SECRETS = [
    f"redis://ada:{S}@h:6379/0", f"redis://:{S}@h", f"rediss://ada:{S}%2F{S}@h",
    f"redis://:a@{S}@h", f"redis://h/0?password={S}", f"redis://h?db=1&password={S}%26",
    f"unix:///r.sock?password={S}", f"redis://h?p%61ssword={S}", f"unix://ada:{S}@/r.sock",
    f"redis://:%73{S}@h", f"redis://:pass word {S}@h/0",
]  # fmt: skip
#: In these a password is not quoted as it must be, or an option is mistyped.
BROKEN_SECRETS = [
    f"redis://ada:{S}/{S}@h/0", f"redis://:1?{S}@h/0", f"redis://:1#{S}@h/0", f"redis://:{S}",
    f"redis://ada:{S}[@h/0", f"redis://ada:\u2100{S}@h/0", f"redis://:{S}/0",
    f"http://ada:{S}@h", f"redis://h?pasword={S}", f"redis://a/b:{S}@h",
    f"redis://ada:{S}@h:x/0", f"redis://ada:{S}@h/x", f"redis://h?password={S}&password=x&x",
    f"redis://ada:{S}@h/0?protocol=9", f"redis://:1/{S}@h", f"redis://ada:x\n{S}@h:x",
]  # fmt: skip


@pytest.mark.parametrize("url", SECRETS)
def test_settings_never_show_a_password(url: str) -> None:
    settings = Settings(redis_url=url)
    for text in (repr(settings), str(settings), f"{asdict(settings)}", f"{settings.redis_url!r}"):
        assert S not in text
        assert "***" in text
    assert settings.redis_url == url  # which connecting needs


@pytest.mark.parametrize("url", BROKEN_SECRETS)
def test_no_error_shows_a_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        Settings(redis_url=url)
    link: BaseException | None = caught.value
    while link is not None:  # also what a formatter would leave out
        assert S not in str(link) + repr(link)
        link = link.__context__
    assert S not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://ada:x@h:6379/0", "redis://ada:***@h:6379/0"),
        ("redis://ada@h:6379/0", "redis://ada@h:6379/0"),
        ("redis://[::1]:6379/0?db=1&client_name=me", "redis://[::1]:6379/0?db=1&client_name=me"),
        ("rediss://h?ssl_password=x&db=1", "rediss://h?ssl_password=***&db=1"),
        ("redis://h?db=1&password=x&protocol=2", "redis://h?db=1&password=***&protocol=2"),
    ],
)
def test_what_is_no_secret_stays_readable(url: str, shown: str) -> None:
    assert mask(url) == mask(shown) == shown


def test_the_url_is_that_of_the_environment_unless_one_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RRQ_REDIS_URL", "redis://ada:x@elsewhere/3")
    assert Settings().redis_url == "redis://ada:x@elsewhere/3"
    assert Settings(redis_url="redis://h").redis_url == "redis://h"
    monkeypatch.setenv("RRQ_REDIS_URL", "")
    assert Settings().redis_url == "redis://127.0.0.1:6379/0"
    monkeypatch.setenv("RRQ_REDIS_URL", "nonsense")
    with pytest.raises(ValueError, match="redis_url is 'nonsense'"):
        Settings()
