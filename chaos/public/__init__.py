"""Public queues as targets, each in a folder and a virtual environment of its own.

A folder has what a user of the queue would write: a worker with one handler, a program that
enqueues, and `target.py`, which says which release it is, how it is set up, and what its own pages
promise.
"""
