"""Which table scores which industry (适用的评价指标表): ``tables.yaml`` beside a base policy.

A slot without a ruleset says why there is none: a unit that falls in it gets "not scorable" with that reason.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gf_policy.errors import PolicyError
from gf_policy.files import PolicyFile, check_schema, read_yaml, source_of
from gf_policy.model import Source
from gf_policy.root import names_below

#: Code of the entry for every unit of the category that no other entry names.
REST = "all"


@dataclass(frozen=True, slots=True)
class TableEntry:
    base: str
    category: str
    #: Key industry of the campaign, or a name of the file's own.
    code: str
    name: str
    #: Prefixes of GB/T 4754 classes of the main industry; empty where the key industry alone decides.
    classes: tuple[str, ...]
    ruleset: str
    reason: str
    #: Published limits that may apply to its products.
    limits: tuple[str, ...]
    source: Source


def read_tables(root: Path, rulesets: Collection[str], *, check: bool = True) -> tuple[TableEntry, ...]:
    found: list[TableEntry] = []
    for name in names_below(root, "tables.yaml"):
        file = read_yaml(root, name)
        check_schema(root, file, "tables")
        seen: set[tuple[str, str]] = set()
        for index, row in enumerate(file.data["tables"]):
            entry = TableEntry(
                base=file.data["base"],
                category=row["category"],
                code=row["code"],
                name=row["name"],
                classes=tuple(row.get("gbt4754", ())),
                ruleset=row.get("ruleset", ""),
                reason=row.get("not_scorable", ""),
                limits=tuple(row.get("limits", ())),
                source=source_of(row),
            )
            _check(file, index, entry, seen, rulesets if check else None)
            found.append(entry)
    return tuple(found)


def _check(
    file: PolicyFile, index: int, entry: TableEntry, seen: set[tuple[str, str]], rulesets: Collection[str] | None
) -> None:
    if (entry.category, entry.code) in seen:
        raise file.fault(f"“{entry.code}”重复。", "tables", index)
    seen.add((entry.category, entry.code))
    if bool(entry.ruleset) == bool(entry.reason):
        raise file.fault(f"“{entry.name}”应写明评分规则，或写明不评分的理由，二者居其一。", "tables", index)
    if rulesets is not None and entry.ruleset and entry.ruleset not in rulesets:
        raise PolicyError(file.name, f"没有评分规则“{entry.ruleset}”。", file.line(("tables", index)))
