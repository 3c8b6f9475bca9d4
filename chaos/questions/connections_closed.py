"""The server closes all connections while workers run jobs: do the workers go on, and do the jobs
run once?"""

from chaos.questions.trouble import trouble

QUESTION = trouble("connections_closed", __doc__, "server-clients")

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
