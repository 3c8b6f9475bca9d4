"""`python -m chaos.documents`: writes the pages in docs/ that come from the code."""

from chaos.cli.docs import main

if __name__ == "__main__":
    main()
