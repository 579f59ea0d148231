"""Keep Postmark and Mailgun accounts in line with what YAML in Git declares."""

__version__ = "0.1.0"
