"""The nouns, one family a file, and the two classes that a service fills: `Service` and `Kind`.

What belongs here says what things are. It reads nothing, decides nothing, and knows no service.
"""

from reconciler.model.acceptance import Acceptance
from reconciler.model.address import Address
from reconciler.model.examination import Examination, Health, Observation, TokenKind
from reconciler.model.mail import (
    SAMPLE_TAG,
    Fate,
    MailOutcome,
    SampleMail,
    Sent,
    seconds_between,
)
from reconciler.model.provider import Provider
from reconciler.model.record import (
    IN_USE,
    TO_PUBLISH,
    UNUSED,
    VERIFIED,
    VERIFIED_ONCE,
    DnsRecord,
)
from reconciler.model.resource import (
    UNSETTLED,
    Change,
    Create,
    Delete,
    FieldChange,
    Kind,
    Performed,
    Resource,
    Snapshot,
    Update,
)
from reconciler.model.secret import (
    Reference,
    Sealed,
    Secret,
    Withheld,
    as_text,
    is_sealed,
    reference,
)
from reconciler.model.service import Account, Config, Service
from reconciler.model.standing import NONE, Checks, DomainState
from reconciler.model.statement import ITEM, Path, Statement

__all__ = [
    "IN_USE",
    "ITEM",
    "NONE",
    "SAMPLE_TAG",
    "TO_PUBLISH",
    "UNSETTLED",
    "UNUSED",
    "VERIFIED",
    "VERIFIED_ONCE",
    "Acceptance",
    "Account",
    "Address",
    "Change",
    "Checks",
    "Config",
    "Create",
    "Delete",
    "DnsRecord",
    "DomainState",
    "Examination",
    "Fate",
    "FieldChange",
    "Health",
    "Kind",
    "MailOutcome",
    "Observation",
    "Path",
    "Performed",
    "Provider",
    "Reference",
    "Resource",
    "SampleMail",
    "Sealed",
    "Secret",
    "Sent",
    "Service",
    "Snapshot",
    "Statement",
    "TokenKind",
    "Update",
    "Withheld",
    "as_text",
    "is_sealed",
    "reference",
    "seconds_between",
]
