"""Where on the web the things stand that a report points to."""

from dataclasses import dataclass
from urllib.parse import quote

from reconciler.source import Location


@dataclass(frozen=True, slots=True)
class Links:
    """URLs, each "" where there is none.

    `run` is the CI run, `commit` the commit that the report is for, `blob` what the URL of a file
    in that commit begins with; `head` is the name of the commit.
    """

    run: str = ""
    commit: str = ""
    blob: str = ""
    head: str = ""

    def line(self, place: Location) -> str:
        """Return the URL of a line; "" where it is not known, or the file not in the repository."""
        is_outside = place.file.startswith("/") or ".." in place.file.split("/")
        if not self.blob or is_outside:
            return ""
        line = f"#L{place.line}" if place.line else ""
        return f"{self.blob}{quote(place.file, errors='surrogatepass')}{line}"


NO_LINKS = Links()
