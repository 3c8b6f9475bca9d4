"""The wire proxy: it sees every command of every process, and is where faults land."""

from chaos.wire.exchange import Exchange, NoReply
from chaos.wire.proxy import WireProxy, WireProxyError
from chaos.wire.resp import RespError
from chaos.wire.tally import Tally

__all__ = ["Exchange", "NoReply", "RespError", "Tally", "WireProxy", "WireProxyError"]
