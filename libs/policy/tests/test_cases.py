"""The cases beside each policy: situation -> expected result."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from gf_policy import PolicyLookupError, UnitAttributes
from gf_policy.book import Book
from gf_policy.files import check_schema, read_yaml
from gf_policy.model import Route
from gf_policy.root import policies_root


def _cases() -> list[Any]:
    root, found = policies_root(), []
    for path in sorted(root.rglob("cases.yaml")):
        file = read_yaml(root, path.relative_to(root).as_posix())
        check_schema(root, file, "cases")
        for case in file.data["cases"]:
            # What a table scores is run by the service that scores.
            if set(case) & {"line", "score", "by_product", "table"}:
                continue
            marks = pytest.mark.rule(case["rule"])
            found.append(
                pytest.param(file.data["policy"], case, id=f"{file.data['policy']}: {case['name']}", marks=marks)
            )
    return found


@pytest.mark.parametrize(("policy_id", "case"), _cases())
def test_case(book: Book, policy_id: str, case: Mapping[str, Any]) -> None:
    policy = book.policy(policy_id)
    base_id = policy.extends or policy.id
    kinds = {"route": _route, "window": _window, "preconditions": _preconditions, "form": _form,
             "working_days": _working_days, "in_force": _in_force}  # fmt: skip
    (kind,) = set(case) & set(kinds)
    kinds[kind](book, base_id, case[kind], case["expect"])


def _route(book: Book, base_id: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    effective = book.effective_for(base_id, given["superior"])
    unit = UnitAttributes(given["superior"], given.get("group"), given["category"])
    if "refused" in expect:
        with pytest.raises(PolicyLookupError) as refusal:
            effective.route(unit, given["kind"])
        assert refusal.value.code == expect["refused"]
        return
    route = effective.route(unit, given["kind"])
    assert [stage.authority for stage in route.stages] == expect["stages"]
    assert [stage.applicable for stage in route.stages] == [name is not None for name in expect["stages"]]
    by_authority = {stage.authority: stage for stage in route.applicable}
    for name, guards in expect.get("guards", {}).items():
        assert [guard.code for guard in by_authority[name].guards] == guards
    for name, departments in expect.get("consults", {}).items():
        assert list(by_authority[name].consults) == departments
    for name, items in expect.get("checklist", {}).items():
        assert [item.code for item in by_authority[name].checklist] == items
    _lists(route, expect)


def _lists(route: Route, expect: Mapping[str, Any]) -> None:
    if "lists" in expect:
        assert {stage.authority: stage.list_id for stage in route.stages if stage.list_id} == expect["lists"]
    if "also_lists" in expect:
        also = {stage.authority: list(stage.also_lists) for stage in route.stages if stage.also_lists}
        assert also == expect["also_lists"]
    if "publicity" in expect:
        shown = {s.authority: [s.publicity.days, s.publicity.unit] for s in route.stages if s.publicity}
        assert shown == expect["publicity"]


def _window(book: Book, base_id: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    for effective in (book.effective(base_id), book.effective_for(base_id, given["authority"])):
        window = effective.windows(given["act"], given["authority"])
        assert window.opens_at == datetime.fromisoformat(expect["opens"])
        assert window.closes_at == datetime.fromisoformat(expect["closes"])
        assert window.authority == expect["set_by"]


def _preconditions(book: Book, base_id: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    found = book.effective_for(base_id, given["superior"]).preconditions(given["category"], given["kind"])
    assert {rule.list_id: rule.strength for rule in found} == expect["lists"]


def _form(book: Book, base_id: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    effective = book.effective(base_id)
    form = effective.form(given["category"], given["kind"])
    example = book.root / base_id / "examples" / given["content"]
    values = copy.deepcopy(json.loads(example.read_text(encoding="utf-8"))["values"])
    for change in given.get("remove", ()):
        values = [value for value in values if not _same(value, change)]
    for change in given.get("set", ()):
        values = [value for value in values if not _same(value, change)] + [dict(change)]
    checked = form.check({"values": values})
    assert [problem.code for problem in checked.errors] == expect["errors"], checked.errors
    assert [problem.code for problem in checked.warnings] == expect["warnings"], checked.warnings
    for fact in expect.get("facts", ()):
        (found,) = [row for row in checked.facts if _same({"code": row.code, "year": row.year}, fact)]
        assert (found.value, found.unit) == (fact["value"], fact["unit"])
    assert [ground.code for ground in effective.excluded(checked.facts)] == expect.get("excluded", [])
    for channel, slots in expect.get("evidence", {}).items():
        missing = form.check_evidence(checked.facts, (), channel=channel)
        assert [problem.pointer.removeprefix("/evidence/") for problem in missing] == slots


def _same(value: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    return value["code"] == change["code"] and value.get("year") == change.get("year")


def _working_days(book: Book, base_id: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    end, provisional = book.calendar.add_working_days(date.fromisoformat(given["from"]), given["days"])
    assert (end.isoformat(), provisional) == (expect["end"], expect["provisional"])


def _in_force(book: Book, base_id: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> None:
    assert book.policy(base_id).in_force(date.fromisoformat(given["day"])) is expect["in_force"]
