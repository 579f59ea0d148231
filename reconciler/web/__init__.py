"""HTTP as everybody here speaks it: the environment's network, and bounds of time and length.

`Web` is for places that are no provider: forges, and receivers of messages and heartbeats.
"""

from reconciler.web.address import check_address
from reconciler.web.answer import Answer
from reconciler.web.body import LONGEST_ANSWER
from reconciler.web.client import SECONDS, Header, TooLong, Web

__all__ = ["LONGEST_ANSWER", "SECONDS", "Answer", "Header", "TooLong", "Web", "check_address"]
