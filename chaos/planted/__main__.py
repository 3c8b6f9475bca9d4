"""`python -m chaos.planted`: bugs in the reference, each of which the rig must catch."""

from chaos.cli.planted import main

if __name__ == "__main__":
    main()
