"""What scenarios import until they import it from `chaos.cli`."""

from chaos.cli import main
from chaos.cli.program import SIGNALLED, complain, enter, guarded

__all__ = ["SIGNALLED", "complain", "enter", "guarded", "main"]
