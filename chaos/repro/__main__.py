"""`python -m chaos.repro`: a finding as a script that needs no rig."""

from chaos.cli.repro import main

if __name__ == "__main__":
    main()
