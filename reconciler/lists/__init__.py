"""Lists of addresses: read, checked for free, priced, split, judged, and put together again.

Nothing here talks to a service. A list may have ten million rows, so none is ever held in memory.
"""
