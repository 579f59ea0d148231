"""What a service's look at DNS, asked for by a person, came to."""

from reconciler.model import TO_PUBLISH, Performed, Resource


def looked_up(live: Resource, *, is_verified: bool = True, doubt: str = "") -> Performed:
    """Say which records are still missing; `doubt` is why another look may find them.

    With none missing the look failed all the same if the service calls the domain unverified.
    """
    missing = [record for record in live.records if record.state == TO_PUBLISH]
    if missing:
        named = ", ".join(f"{each.purpose} ({each.type} {each.host})" for each in missing)
        sentence = f"still missing in DNS: {named}{doubt}"
    elif is_verified:
        sentence = "no record is missing in DNS"
    else:
        sentence = f"no record is missing in DNS, and the domain is not verified yet{doubt}"
    return Performed(live, sentence, succeeded=is_verified and not missing)
