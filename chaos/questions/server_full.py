"""The server is out of memory for 2 s while workers run jobs: do the workers go on, and do the jobs
run once?"""

from chaos.questions.trouble import trouble

QUESTION = trouble("server_full", __doc__, "server-fill")

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
