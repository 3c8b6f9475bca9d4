"""`python -m chaos.sweep`: every crash point of a job's lives, one after the other."""

from chaos.cli.sweep import main

if __name__ == "__main__":
    main()
