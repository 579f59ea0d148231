"""YAML in which every text is quoted.

Readers differ in what a bare word is: `no` is false and `12:30` a number to some, `1e3` and `0o14`
to others.
"""

import sys
from typing import Any

import yaml


class Quoted(str):
    """A text that is written in quotes, with escapes for all that is not ASCII."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - not every reader follows one
        return True


def _represent(dumper: yaml.SafeDumper, text: Quoted) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')


_Dumper.add_representer(Quoted, _represent)


def as_yaml(*documents: Any) -> str:
    return "---\n".join(
        yaml.dump(each, Dumper=_Dumper, sort_keys=False, width=sys.maxsize) for each in documents
    )
