"""The files of a configuration repository, besides the configuration."""

from collections.abc import Mapping

IGNORED = """\
# What esp-reconcile keeps for itself, plans, and secrets that are not encrypted.
.esp-sandbox/
.esp-reconcile/
plan*.json
secrets/
*.dec.*
"""
HOOKS = """\
# Checks the YAML before each commit; `pre-commit install` switches it on.
repos:
  - repo: local
    hooks:
      - id: esp-reconcile-validate
        name: esp-reconcile validate
        entry: esp-reconcile validate
        language: system
        files: ^esp\\.yaml$
"""
RULES = """\
# For whom sops encrypts; further recipients follow after a comma.
creation_rules:
  - path_regex: \\.sops\\.(yaml|json|env|ini)$
    age: {recipient}
"""
EXAMPLES: Mapping[str, str] = {
    "mailgun": """\
    # tracking: {opens: true, clicks: true}      # for every domain below
    # domains:
    #   mg.example.com: {}
    #   promo.example.com: {tracking: {clicks: false}}
""",
    "postmark": """\
    # tracking: {opens: true, links: html_and_text}
    # domains:                                   # wants `account_token`
    #   example.com: {return_path: pm-bounces.example.com}
    # streams:
    #   newsletter: {type: broadcasts, name: Newsletter}
    # webhooks:
    #   - {url: https://hooks.example.com/postmark, triggers: [bounce, spam_complaint]}
""",
}
"""What could stand in a provider, for who has nothing to import yet."""
