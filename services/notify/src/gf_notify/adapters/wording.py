"""The words of the notices: data in ``notices.yaml``, filled by the event's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gf_policy.files import LOADER

FILE = Path(__file__).with_name("notices.yaml")


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    body: str
    rule: str
    #: A notice the law needs: nobody can switch it off.
    required: bool


class WordingError(ValueError):
    """The file of templates is not as it must be."""


class Wording:
    """All templates, checked once."""

    def __init__(self, templates: Mapping[str, Any]) -> None:
        self._templates: dict[str, Words] = {}
        for code, row in templates.items():
            if set(row) != {"title", "body", "rule", "required"}:
                raise WordingError(f"{code}: needs exactly title, body, rule, required")
            self._templates[code] = Words(**row)

    @classmethod
    def load(cls, file: Path = FILE) -> Wording:
        return cls(yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER))

    def codes(self) -> frozenset[str]:
        return frozenset(self._templates)

    def say(self, code: str, words: Mapping[str, str]) -> Words:
        """The notice's text. A word that is missing is a programming error and raises KeyError."""
        template = self._templates[code]
        return Words(template.title.format(**words), template.body.format(**words), template.rule, template.required)
