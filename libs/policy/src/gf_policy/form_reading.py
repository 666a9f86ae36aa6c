"""From a form's policy file to a compiled Form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from gf_policy.errors import PolicyError
from gf_policy.files import PolicyFile, article_of, check_schema, read_yaml
from gf_policy.form_checks import CheckPlan
from gf_policy.form_content import FormLimits
from gf_policy.forms import Form
from gf_policy.model import EvidenceSlot, FormCheck, FormRow, FormSection


def read_form(root: Path, name: str) -> Form:
    head = read_yaml(root, name)
    check_schema(root, head, "form")
    body = head
    if "same_as" in head.data:
        # A bare name lies beside this file, a path starts at the root.
        other = str(head.data["same_as"])
        body = read_yaml(root, other if "/" in other else f"{name.rsplit('/', 1)[0]}/{other}")
        check_schema(root, body, "form")
    return _form(head, body)


@lru_cache(maxsize=64)
def _form(head: PolicyFile, body: PolicyFile) -> Form:
    """Known by its files: in a copy of the folder in which another file differs it is the same form."""
    for key in ("sections", "checks", "evidence", "limits"):
        if key not in body.data:
            raise body.fault(f"缺少“{key}”。")
    sections, codes = _sections(body)
    plans = _checks(body, codes)
    slots = _slots(body, codes)
    known = {slot.code for slot in slots}
    for row in codes.values():
        if row.evidence is not None and row.evidence not in known:
            raise body.fault(f"“{row.code}”指向的佐证材料“{row.evidence}”不存在。", "sections")
    limits = body.data["limits"]
    return Form(
        id=head.data["form"],
        title=head.data["title"],
        category=head.data["category"],
        kind=head.data["kind"],
        year=head.data["evaluation_year"],
        sections=sections,
        checks=plans,
        evidence_slots=slots,
        limits=FormLimits(limits["values"], limits["note_length"], limits["product_length"]),
    )


def _sections(file: PolicyFile) -> tuple[tuple[FormSection, ...], dict[str, FormRow]]:
    codes: dict[str, FormRow] = {}
    sections = []
    for number, section in enumerate(file.data["sections"]):
        rows = []
        for index, data in enumerate(section["rows"]):
            here = ("sections", number, "rows", index)
            if data["code"] in codes:
                raise file.fault(f"“{data['code']}”重复。", *here)
            row = codes[data["code"]] = _row(data, section["code"])
            if row.type == "codes" and not row.codes:
                raise file.fault(f"“{row.code}”没有列出选项。", *here)
            if row.per_product and not row.max_products:
                raise file.fault(f"“{row.code}”没有写明至多几种产品。", *here)
            if row.type not in ("decimal", "count") and (row.unit or row.minimum is not None or row.usual_range):
                raise file.fault(f"“{row.code}”不是数值，不能有单位或范围。", *here)
            rows.append(row)
        sections.append(FormSection(section["code"], section["label"], tuple(rows)))
    return tuple(sections), codes


def _row(data: Mapping[str, Any], section: str) -> FormRow:
    unit = data.get("unit", "")
    units = {unit: Decimal(1)} if unit else {}
    units.update({name: Decimal(factor) for name, factor in data.get("units", {}).items()})
    usual = data.get("usual_range")
    return FormRow(
        code=data["code"],
        label=data["label"],
        section=section,
        type=data["type"],
        unit=unit,
        units=units,
        years=tuple(data.get("years", ())),
        required=data.get("required", False),
        per_product=data.get("per_product", False),
        max_products=data.get("max_products", 0),
        minimum=_decimal(data.get("minimum")),
        maximum=_decimal(data.get("maximum")),
        usual_range=None if usual is None else (_decimal(usual[0]), _decimal(usual[1])),
        codes=data.get("codes", {}),
        must_be=data.get("must_be"),
        not_applicable_allowed=data.get("not_applicable", True),
        max_length=data.get("max_length", 2000),
        evidence=data.get("evidence"),
        indicator=data.get("indicator"),
        help=data.get("help", ""),
        rule=data.get("rule", ""),
        article=article_of(data),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _checks(file: PolicyFile, rows: Mapping[str, FormRow]) -> tuple[CheckPlan, ...]:
    plans = []
    for index, data in enumerate(file.data["checks"]):
        try:
            plan = _plan(data)
        except KeyError as missing:
            raise file.fault(f"缺少“{missing.args[0]}”。", "checks", index) from None
        for code, year in plan.cells():
            row = rows.get(code)
            if row is None or (year not in row.years if row.years else year is not None):
                raise file.fault(f"核对规则用到的“{code}”（{year or '不分年'}）不在表中。", "checks", index)
            if plan.operator in ("at_most", "ratio_between") and row.type not in ("decimal", "count"):
                raise file.fault(f"“{code}”不是数值，不能参与计算。", "checks", index)
        plans.append(plan)
    return tuple(plans)


def _plan(data: Mapping[str, Any]) -> CheckPlan:
    operator = data["operator"]
    left: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    right, codes = left, tuple(data.get("codes", ()))
    low = high = Decimal(0)
    if operator in ("at_most", "ratio_between"):
        left, right = ((tuple(data[side]["plus"]), tuple(data[side].get("minus", ()))) for side in ("left", "right"))
        if operator == "ratio_between":
            low, high = Decimal(data["low"]), Decimal(data["high"])
    elif operator == "requires":
        codes = (data["when"], data["then"])
    elif not codes:
        raise KeyError("codes")
    check = FormCheck(data["code"], data["severity"], data["message"], data["rule"], article_of(data))
    at = data["at"] if operator in ("at_most", "ratio_between") else data.get("at", codes[-1])
    years = tuple(data["years"]) if "years" in data else (None,)
    return CheckPlan(check, operator, left, right, years, low, high, codes, at)


def _slots(file: PolicyFile, rows: Mapping[str, FormRow]) -> tuple[EvidenceSlot, ...]:
    slots: dict[str, EvidenceSlot] = {}
    for index, data in enumerate(file.data["evidence"]):
        unknown = [code for code in data.get("required_when", ()) if code not in rows]
        if unknown or data["code"] in slots:
            reason = f"“{unknown[0]}”不在表中。" if unknown else f"佐证材料“{data['code']}”重复。"
            raise PolicyError(file.name, reason, file.line(("evidence", index)))
        defaults = EvidenceSlot(data["code"], data["label"], (), ())
        slots[data["code"]] = EvidenceSlot(
            code=data["code"],
            label=data["label"],
            required_when=tuple(data.get("required_when", ())),
            required_channels=tuple(data["required_channels"]),
            always=data.get("always", False),
            at=data.get("at", "verify"),
            max_files=data.get("max_files", defaults.max_files),
            media_types=tuple(data.get("media_types", defaults.media_types)),
            rule=data["rule"],
            article=article_of(data),
        )
    return tuple(slots.values())
