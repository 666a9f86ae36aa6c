"""How a line of the sheet came about (得分推导): formula, inputs, lead and baseline, points, in words people can check.

The ruleset is the policies' (the very version that the sheet names), the inputs are the form's own values; nothing is
computed anew here, so what is shown is what scoring found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any

from gf_policy.rulesets import Formula, Indicator, Ruleset, Term


@dataclass(frozen=True, slots=True)
class FormValues:
    """The form's facts with their Chinese labels."""

    facts: Sequence[Mapping[str, Any]]

    def label(self, code: str) -> str:
        return next((str(one["label"]) for one in self.facts if one["code"] == code), code)

    def shown(self, code: str, year: int | None) -> str:
        """The value with its unit; 未填 where the form has none."""
        found = [one for one in self.facts if one["code"] == code and one["year"] == year]
        return "、".join(f"{one['shown']} {one['unit']}".strip() for one in found) or "未填"


def derivation(line: Mapping[str, Any], ruleset: Ruleset | None, year: int, values: FormValues) -> dict[str, Any]:
    """`formula`, `inputs` as (label, value), `points` in words, `source`; empty where the ruleset is not at hand."""
    indicator = ruleset.indicator(str(line["indicator"])) if ruleset else None
    if ruleset is None or indicator is None:
        return {"formula": "", "inputs": [], "points": points_in_words(line), "source": "", "evidence": []}
    formula = indicator.formula
    return {
        "formula": _formula(formula, indicator, values),
        "inputs": _inputs(formula, ruleset.evaluation_year(year), values),
        "points": points_in_words(line),
        "source": " ".join(part for part in (formula.source.document, formula.source.article) if part)
        or str(formula.source.assumption or ""),
        "evidence": list(formula.evidence),
    }


def _formula(formula: Formula, indicator: Indicator, values: FormValues) -> str:
    if formula.op == "mark":
        return "定性指标：审核人员依据佐证材料评分。"
    if formula.op == "count":
        return f"“{values.label(formula.fact)}”中符合要求的项数。"
    if formula.op == "elasticity":
        names = "、".join(part.name for part in formula.parts)
        below = f"{_sum(formula.over, values)}的年均增长率（{formula.span} 年）"
        return f"{names}各自的年均增长率 ÷ {below}，分别判定后取平均。"
    above = _sum(formula.of, values)
    if formula.op == "growth":
        return f"{above}的年均增长率（{formula.span} 年）"
    if indicator.by_product:
        return f"按产品分别计算单位产品用量，与限额（定额）比较，按用量加权；未填产品的按：{_quotient(formula, values)}"
    return _quotient(formula, values)


def _quotient(formula: Formula, values: FormValues) -> str:
    above = _sum(formula.of, values)
    if not formula.over:
        return above
    text = f"{_bracketed(above, formula.of)} ÷ {_bracketed(_sum(formula.over, values), formula.over)}"
    return text + (f" × {_plain(formula.times)}" if formula.times != 1 else "")


def _sum(terms: Sequence[Term], values: FormValues) -> str:
    text = ""
    for term in terms:
        sign = "−" if term.times < 0 else "＋"
        factor = "" if abs(term.times) == 1 else f"{_plain(abs(term.times))} × "
        years = f"（{len(term.years)} 年合计）" if len(term.years) > 1 else ""
        text += f" {sign} " if text else ("−" if term.times < 0 else "")
        text += factor + values.label(term.fact) + years
    return text


def _bracketed(text: str, terms: Sequence[Term]) -> str:
    return f"（{text}）" if len(terms) > 1 else text


def _inputs(formula: Formula, year: int, values: FormValues) -> list[tuple[str, str]]:
    found = []
    parts = [term for part in formula.parts for term in part.of]
    for term in (*formula.of, *parts, *formula.over):
        for offset in term.years:
            at = None if offset is None else year + offset
            label = values.label(term.fact) + (f"（{at} 年）" if at else "")
            if (label, shown := values.shown(term.fact, at)) not in found:
                found.append((label, shown))
    for code in dict.fromkeys(((formula.fact,) if formula.fact else ()) + formula.claims):
        found.append((values.label(code), values.shown(code, None)))
    return found


def points_in_words(line: Mapping[str, Any]) -> str:
    """Which way the line took, with its numbers."""
    value, lead, baseline = (short(line[name]) for name in ("value", "lead", "baseline"))
    weight, points, branch = short(line["weight"]), short(line["points"], 4), line["branch"]
    if branch == "at_or_better_than_lead":
        return f"数值 {value} 达到或优于引领值 {lead}，得满分 {weight} 分。"
    if branch == "worse_than_baseline":
        return f"数值 {value} 劣于基准值 {baseline}，得 0 分。"
    if branch == "between":
        return (
            f"{weight} ×（{value} − {baseline}）÷（{lead} − {baseline}）= {points} 分（按全部位数计算，此处为近似）。"
        )
    if branch == "mark":
        return f"审核评分 {points} 分（满分 {weight} 分）。"
    if branch in BRANCHES and line["points"] is not None:
        return f"{BRANCHES[branch][0]}，得 {points} 分（满分 {weight} 分）。"
    return str(line["reason"] or "")


#: Which way a line took, in short, and how it is coloured.
BRANCHES = {
    "at_or_better_than_lead": ("达到引领值", "ok"),
    "worse_than_baseline": ("劣于基准值", "bad"),
    "between": ("两者之间", "none"),
    "mark": ("审核评分", "ok"),
    "by_product": ("按产品加权", "none"),
    "mean_of_parts": ("各项取平均", "none"),
    "absolute_decoupling": ("绝对脱钩", "ok"),
    "shrinking_full": ("排放下降更快", "ok"),
    "shrinking_between": ("排放随之下降", "none"),
    "shrinking_too_little": ("排放几乎未降", "bad"),
    "rising_while_shrinking": ("增加值降而排放升", "bad"),
    "no_growth_not_rising": ("无增减，待人工复核", "warn"),
    "no_growth_rising": ("无增减而排放增，待人工复核", "warn"),
}


def short(value: Any, digits: int = 6) -> str:
    """So many significant digits for reading; the exact value stays in the sheet."""
    if value in (None, ""):
        return "—"
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    with localcontext() as context:
        context.prec, context.rounding = digits, ROUND_HALF_UP
        return _plain(+exact)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
