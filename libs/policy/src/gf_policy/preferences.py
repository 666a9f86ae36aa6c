"""Preferences (优先推荐): ``preferences.yaml`` beside a base policy. Whom to recommend first, and why.

A preference is a tag that is shown and sorted by; it decides nothing. It rests on a value of the form, or on a line of
the score sheet where the document speaks of a level that scoring compares with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from gf_policy.errors import PolicyError
from gf_policy.files import PolicyFile, check_schema, read_yaml, source_of
from gf_policy.manifest import is_law
from gf_policy.model import Source
from gf_policy.policy_files import PolicyFolder
from gf_policy.root import names_below
from gf_policy.rulesets import RulesetTable


@dataclass(frozen=True, slots=True)
class Preference:
    base: str
    category: str
    code: str
    #: As people see it; ``{value}`` stands for the form's value.
    label: str
    rule: str
    source: Source
    #: A row of the form: a flag that must be set, or a number that is at least ``at_least``.
    fact: str = ""
    at_least: Decimal | None = None
    #: An indicator of the sheet that took this branch with full points.
    indicator: str = ""
    branch: str = ""


class PreferenceTable:
    def __init__(self, preferences: Sequence[Preference] = ()) -> None:
        self._by_cover: dict[tuple[str, str], list[Preference]] = {}
        for one in preferences:
            self._by_cover.setdefault((one.base, one.category), []).append(one)

    def of(self, base: str, category: str) -> tuple[Preference, ...]:
        """In the file's order; none where the documents name none."""
        return tuple(self._by_cover.get((base, category), ()))


def read_preferences(root: Path, folders: Iterable[PolicyFolder], rulesets: RulesetTable) -> PreferenceTable:
    """Every ``preferences.yaml`` below ``root``, held against forms and scoring tables. Raises PolicyError."""
    bases = {folder.policy.id: folder for folder in folders if folder.policy.extends is None}
    found: list[Preference] = []
    for name in names_below(root, "preferences.yaml"):
        if not is_law(name):
            continue
        file = read_yaml(root, name)
        check_schema(root, file, "preferences")
        base = bases.get(file.data["base"])
        if base is None:
            raise file.fault(f"基础规定“{file.data['base']}”不存在。", "base")
        for index, row in enumerate(file.data["preferences"]):
            one = _preference(file, row)
            if any((one.base, one.category, one.code) == (other.base, other.category, other.code) for other in found):
                raise file.fault(f"“{one.code}”重复。", "preferences", index)
            if reason := _fault(one, base, rulesets):
                raise PolicyError(file.name, reason, file.line(("preferences", index)))
            found.append(one)
    return PreferenceTable(found)


def _preference(file: PolicyFile, row: dict[str, Any]) -> Preference:
    when = row["when"]
    return Preference(
        base=file.data["base"],
        category=row["category"],
        code=row["code"],
        label=row["label"],
        rule=row["rule"],
        source=source_of(row),
        fact=when.get("fact", ""),
        at_least=Decimal(when["at_least"]) if "at_least" in when else None,
        indicator=when.get("indicator", ""),
        branch=when.get("branch", ""),
    )


def _fault(one: Preference, base: PolicyFolder, rulesets: RulesetTable) -> str:
    if one.indicator:
        tables = [table for table in rulesets if (table.base, table.category) == (one.base, one.category)]
        if not any(table.indicator(one.indicator) for table in tables):
            return f"没有评价指标“{one.indicator}”。"
        return ""
    form = base.forms.get((one.category, "application"))
    row = next((row for row in form.rows if row.code == one.fact), None) if form else None
    if row is None:
        return f"申报表没有“{one.fact}”一项。"
    if (row.type == "flag") != (one.at_least is None):
        return f"“{row.label}”是{'是否' if row.type == 'flag' else '数值'}项，条件与之不符。"
    return ""
