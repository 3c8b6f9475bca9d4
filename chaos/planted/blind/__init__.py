"""Every planted bug against the default programme only: that which users play on their queue.

Nothing in it is made for one bug. `python -m chaos.planted --blind` prints the share that it finds.

* `programme`: the scenarios, storms, load and sweep, each as a command.
* `subject`: a bug, or the sound reference, and how it fared.
* `playing`: plays the programme on subjects, and remembers what is done.
* `report`: the table, and the share.
"""
