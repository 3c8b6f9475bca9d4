"""`python -m chaos.compare`: every crash point of a job's lives, one after the other."""

from chaos.cli.compare import main

if __name__ == "__main__":
    main()
