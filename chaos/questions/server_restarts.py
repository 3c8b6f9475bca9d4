"""The server is shut down for 2 s while workers run jobs, and keeps its data: do the workers go on,
and do the jobs run once?"""

from chaos.questions.trouble import trouble

QUESTION = trouble("server_restarts", __doc__, "server-stop", "always")

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
