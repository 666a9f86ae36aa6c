"""Complete forms and values for every table there is, and generated situations around them."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import gf_policy
from gf_policy.ruleset_model import Ruleset
from gf_policy.rulesets import load_benchmarks
from gf_scoring.domain.engine import MISSING, NOT_APPLICABLE, FactKey, FactValue, Product
from services.scoring.tests.sample import POLICIES

#: By ruleset: the campaign year its form belongs to, and the folder and file of a complete form.
FORMS = {
    "national/2025/n25/factory": (2025, "national/2025/n25", "factory-application.json"),
    "national/2025/n25/park": (2025, "national/2025/n25", "park-application.json"),
    "unnamed-province/2024/rules/factory": (2025, "national/2025/n25", "factory-application.json"),
    "unnamed-province/2024/rules/park": (2025, "national/2025/n25", "park-application.json"),
    "unnamed-province/2024/rules/supply-chain": (
        2025, "unnamed-province/2024/rules", "supply-chain-application.json"),
    "unnamed-province/2024/rules/supply-chain-electronics": (
        2025, "unnamed-province/2024/rules", "supply-chain-application.json"),
    "national/2023/n23/supply-chain": (2023, "national/2023/n23", "supply-chain-application.json"),
    "national/2023/n23/supply-chain-electronics": (2023, "national/2023/n23", "supply-chain-application.json"),
    "national/2023/n23/factory": (2023, "national/2023/n23", "factory-application.json"),
}  # fmt: skip


@cache
def book() -> gf_policy.Book:
    return gf_policy.load(POLICIES)


def ruleset(ruleset_id: str) -> Ruleset:
    found = book().rulesets.get(ruleset_id)
    assert found is not None
    return found


def content(folder: str, file: str) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = json.loads((POLICIES / folder / "examples" / file).read_text("utf-8"))["values"]
    return values


def facts_of(ruleset_id: str, values: list[dict[str, Any]] | None = None) -> tuple[dict, list[Product]]:
    """What the engine gets of a form: checked by the form itself, as intake does."""
    table, (_, folder, file) = ruleset(ruleset_id), FORMS[ruleset_id]
    form = book().effective(table.base).form(table.category, "application")
    checked = form.check({"values": values if values is not None else content(folder, file)})
    facts: dict[FactKey, FactValue] = {}
    products: dict[str, dict[FactKey, FactValue]] = {}
    for row in checked.facts:
        where = products.setdefault(row.product, {}) if row.product else facts
        where[row.code, row.year or 0, row.unit] = _said(row)
    return facts, [Product(name, found) for name, found in products.items()]


def _said(row: Any) -> FactValue:
    if row.presence != "given":
        return NOT_APPLICABLE if row.presence == "not_applicable" else MISSING
    if row.type == "text":
        return MISSING
    return tuple(row.value) if row.type == "codes" else row.value


@cache
def levels_of(ruleset_id: str) -> dict[str, tuple[Decimal, Decimal]]:
    """The demonstration's values for this table, or those of the table it was taken over from."""
    wanted = {
        "unnamed-province/2024/rules/factory": "national/2025/n25/factory",
        "unnamed-province/2024/rules/park": "national/2025/n25/park",
    }.get(ruleset_id, ruleset_id)
    for file in load_benchmarks(POLICIES):
        if file.ruleset == wanted:
            return {value.indicator: (value.lead, value.baseline) for value in file.sets[0].values}
    return {}


def exact(levels: dict[str, tuple[Decimal, Decimal]]) -> dict[str, tuple[Fraction, Fraction]]:
    return {code: (Fraction(lead), Fraction(base)) for code, (lead, base) in levels.items()}


@cache
def _usual(ruleset_id: str) -> dict[FactKey, FactValue]:
    return facts_of(ruleset_id)[0]


def situation(ruleset_id: str, seed: int) -> tuple[dict, dict, dict]:
    """A form with holes, odd units and odd values; levels, some missing or equal; marks, some out of range."""
    chance, table, facts = random.Random(seed), ruleset(ruleset_id), {}
    for key, value in _usual(ruleset_id).items():
        choice = chance.randrange(25)
        if not isinstance(value, str):
            facts[key] = value
        elif choice == 0:
            continue
        elif choice <= 2:
            facts[key] = NOT_APPLICABLE if choice == 1 else MISSING
        elif choice == 3:
            facts[key[0], key[1], chance.choice(["斤", "kgce", "千元", "kg"])] = value
        elif choice < 10:
            facts[key] = f"{chance.randrange(10**11)}.{chance.randrange(10**4)}"
        elif choice == 10:
            facts[key] = f"-{chance.randrange(10**6)}.{chance.randrange(10**3)}"
        elif choice == 11:
            facts[key] = "0"
        elif choice < 18:
            # Near what was stated, so that lines fall between baseline and lead.
            facts[key] = f"{Decimal(value) * Decimal(chance.randrange(700, 1400)) / 1000:f}"[:31]
        else:
            facts[key] = value
    levels = {}
    for code, (lead, baseline) in levels_of(ruleset_id).items():
        if chance.randrange(10):
            levels[code] = (lead, baseline if chance.randrange(10) else lead)
    marks = {
        indicator.code: chance.choice(["0", "2.5", "1.25", "8.5", "-1"])
        for indicator in table.indicators
        if indicator.formula.op == "mark" and chance.randrange(2)
    }
    return facts, levels, marks
