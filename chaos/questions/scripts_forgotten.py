"""The server forgets all scripts while workers run jobs: do the workers go on, and do the jobs run
once?"""

from chaos.questions.trouble import trouble

QUESTION = trouble("scripts_forgotten", __doc__, "server-scripts")

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
