"""The server refuses all writes for 2 s while workers run jobs: do the workers go on, and do the
jobs run once?"""

from chaos.questions.trouble import trouble

QUESTION = trouble("server_read_only", __doc__, "server-readonly")

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
