"""The cases beside each policy that say what a table gives: situation -> expected result."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from gf_policy.files import read_yaml
from gf_scoring.domain import checks, derivation, gates, products
from gf_scoring.domain.engine import Facts, Product, Products, Score, Scorer
from gf_scoring.domain.numbers import plain
from services.scoring.tests.sample import POLICIES, one_line, only
from services.scoring.tests.tables import FORMS, book, content, facts_of, levels_of, ruleset

KINDS = ("line", "score", "by_product", "table")


def _cases() -> list[Any]:
    found = []
    for path in sorted(POLICIES.rglob("cases.yaml")):
        file = read_yaml(POLICIES, path.relative_to(POLICIES).as_posix())
        for case in file.data["cases"]:
            if set(case) & set(KINDS):
                marks = pytest.mark.rule(case["rule"])
                name = f"{file.data['policy']}: {case['name']}"
                found.append(pytest.param(file.data["policy"], case, id=name, marks=marks))
    return found


@pytest.mark.parametrize(("policy", "case"), _cases())
def test_case(policy: str, case: Mapping[str, Any]) -> None:
    (kind,) = set(case) & set(KINDS)
    {"line": _line, "score": _score, "by_product": _by_product, "table": _table}[kind](
        policy, case[kind], case["expect"]
    )


def _line(policy: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    table = one_line(given["type"], given["weight"])
    levels = {"only": (Decimal(given["lead"]), Decimal(given["baseline"]))}
    line = Scorer(table, levels, 2025).score(only(given["value"])).lines[0]
    assert line.points is not None
    assert plain(line.points, table.scale) == expect["points"]


def _by_product(policy: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    table = ruleset(given["ruleset"])
    scorer = Scorer(table, levels_of(table.id), given["year"])
    place = [indicator.code for indicator in table.indicators].index(given["indicator"])
    by = table.indicators[place].by_product
    assert by is not None
    rows = [_product(by, scorer.year, row) for row in given["products"]]
    line = scorer.score({}, products=rows).lines[place]
    assert line.branch.code == expect["branch"]
    assert (None if line.points is None else plain(line.points, table.scale)) == expect["points"]
    if "value" in expect:
        assert line.value is not None
        assert plain(line.value, 12) == expect["value"]
    scored = products.score_products(by, table.limits, rows, scorer.year)
    assert scored is not None
    assert list(scored.left_out) == expect.get("left_out", [])
    if "flags" in expect:
        assert list(scored.scored[0].flags) == expect["flags"]


def _product(by: Any, year: int, row: Mapping[str, Any]) -> Product:
    values: dict[Any, Any] = {
        (by.limit, 0, ""): (row["limit"],),
        (by.amount.fact, year, by.amount.unit): row["amount"],
        (by.output.fact, year, by.output.unit): row["output"],
    }
    values |= {(code, 0, ""): value for code, value in row.get("parameters", {}).items()}
    return Product(row["name"], values)


def _score(policy: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    table = ruleset(given["ruleset"])
    year, folder, file = FORMS[table.id]
    values = copy.deepcopy(content(folder, file))
    for change in given.get("set", ()):
        values = [value for value in values if not _same(value, change)] + [dict(change)]
    facts, found = facts_of(table.id, values)
    scorer, score = _scored(table.id, year, facts, found, given.get("marks", {}))
    assert ("scored" if score.scorable else "not_scorable") == expect["outcome"]
    if "total" in expect:
        assert score.total is not None
        assert plain(score.total, table.scale) == expect["total"]
    if "band" in expect:
        band = scorer.band(score)
        assert (band.code if band else "") == expect["band"]
    if "open_gates" in expect:
        assert [gate.code for gate in gates.open_ones(gates.judge(table.gates, facts))] == expect["open_gates"]
    if "findings" in expect:
        assert [one.code for one in checks.findings(table, year, facts, found)] == expect["findings"]
    if "derived" in expect:
        shown = {row.code: row.years[-1].value for row in derivation.three_years(scorer, facts)}
        assert {code: shown[code] for code in expect["derived"]} == expect["derived"]
    if expect.get("same_total"):
        plain_facts, plain_products = facts_of(table.id)
        assert score.total == _scored(table.id, year, plain_facts, plain_products, given.get("marks", {}))[1].total
    for code, line in expect.get("lines", {}).items():
        place = [indicator.code for indicator in table.indicators].index(code)
        got = score.lines[place]
        assert got.points is not None, got
        assert (got.branch.code, plain(got.points, table.scale)) == (line["branch"], line["points"])


def _scored(
    ruleset_id: str, year: int, facts: Facts, found: Products, marks: Mapping[str, str]
) -> tuple[Scorer, Score]:
    scorer = Scorer(ruleset(ruleset_id), levels_of(ruleset_id), year)
    return scorer, scorer.score(facts, marks, found)


def _same(value: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    return value["code"] == change["code"] and value.get("year") == change.get("year")


def _table(policy: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    found = book().rulesets.applicable(
        policy, given["category"], given.get("key_industry", ""), given.get("industries", ())
    )
    assert (found.ruleset.id if found.ruleset else None) == expect["ruleset"]
    assert expect.get("reason", "") in found.reason
    assert bool(found.reason) is ("reason" in expect)
