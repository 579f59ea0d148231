"""DNS: what is published for a domain, compared with what its services need.

`diagnose` asks those who hold the zones, and the resolver, for each record that a service wants,
and says of each what is wrong with it and what to do. Whatever could not be asked is `unknown`.
"""

from reconciler.dns.findings import Finding, Verdict, Wanted
from reconciler.dns.verdicts import diagnose
from reconciler.dns.view import Network

__all__ = ["Finding", "Network", "Verdict", "Wanted", "diagnose"]
