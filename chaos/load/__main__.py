"""`python -m chaos.load`: the supervisor of a load test, which Locust starts."""

from chaos.cli.supervisor import main

if __name__ == "__main__":
    main()
