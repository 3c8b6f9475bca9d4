"""Questions about a queue, each answered by one run: what becomes of a job when its worker is
killed, when the server restarts, and so on.

A scenario judges what a queue promises. A question only tells what happened, so that queues with
different promises can be put side by side (`chaos.compare`). Each is a module with a command,
`python -m chaos.questions.killed --target arq`.
"""
