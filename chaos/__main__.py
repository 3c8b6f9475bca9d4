"""`python -m chaos` plays all scenarios; its sub-commands do everything else."""

from chaos.cli.group import command
from chaos.cli.program import enter

if __name__ == "__main__":
    enter(command, "python -m chaos")
