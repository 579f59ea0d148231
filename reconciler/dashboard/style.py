"""The page's one style sheet, and the policy that lets a browser apply it and load nothing else."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

STYLE = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
_DIGEST = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy. What frames the page can only be said in a header."""
