"""DNS: what is published for a domain, compared with what its services need."""
