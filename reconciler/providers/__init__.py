"""The services that there are, by the word that stands after `service:` in the YAML."""

from collections.abc import Mapping

from reconciler.model import Service
from reconciler.providers.mailgun import Mailgun
from reconciler.providers.postmark import Postmark

SERVICES: Mapping[str, Service] = {service.name: service for service in (Postmark(), Mailgun())}
