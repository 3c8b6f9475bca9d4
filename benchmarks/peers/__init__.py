"""The reference beside other queues. `contenders` lists them, `rounds` plays one of them, `page`
writes what was found. Each folder has the program of one queue, which runs in an environment of its
own, and `programs` what all of these import."""
