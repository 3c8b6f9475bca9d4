"""What is known to be broken, and may stay so until its entry is gone from the list.

A queue that breaks a promise today must not be kept from a rig that would see the next one broken.
So a file names what is known, each with a reason. It is as strict as pytest's `xfail(strict=True)`:
what is known does not fail a run, what is new does, and so does an entry whose anomaly had cases
and did not come. A verdict is never changed by the list: what follows from it stands beside.
"""

from chaos.known.entry import Entry
from chaos.known.file import BadKnown, Places, read
from chaos.known.held import Held, hold
from chaos.known.known import Known, Seen

__all__ = ["BadKnown", "Entry", "Held", "Known", "Places", "Seen", "hold", "read"]
