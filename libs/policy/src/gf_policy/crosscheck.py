"""A scoring table reads values that a form collects: same codes, same units, same years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gf_policy.errors import PolicyError
from gf_policy.forms import Form
from gf_policy.policy_files import PolicyFolder
from gf_policy.rulesets import Indicator, Ruleset


def check_ruleset(ruleset: Ruleset, folders: Iterable[PolicyFolder]) -> None:
    base = next((folder for folder in folders if folder.policy.id == ruleset.base), None)
    if base is None or base.policy.extends is not None:
        raise PolicyError(ruleset.file, f"评分规则适用的基础规定“{ruleset.base}”不存在。")
    if ruleset.category not in base.policy.categories:
        raise PolicyError(ruleset.file, f"基础规定不含类别“{ruleset.category}”。")
    for kind in ruleset.kinds:
        form = base.forms.get((ruleset.category, kind))
        if form is None:
            raise PolicyError(ruleset.file, f"基础规定没有类别“{ruleset.category}”、事项“{kind}”的申报表。")
        if form.year != ruleset.evaluation_year(base.policy.year):
            raise PolicyError(ruleset.file, f"评价年与《{form.title}》的 {form.year} 年不一致。")
        for indicator in ruleset.indicators:
            for reason in _faults(indicator, form):
                raise PolicyError(ruleset.file, f"“{indicator.name}”用到的{reason}（《{form.title}》）。")


def _faults(indicator: Indicator, form: Form) -> Iterator[str]:
    rows = {row.code: row for row in form.rows}
    formula = indicator.formula
    for term in (*formula.of, *formula.over):
        row = rows.get(term.fact)
        if row is None:
            yield f"“{term.fact}”不在申报表中"
        elif row.unit != term.unit:
            yield f"“{term.fact}”的单位 {term.unit} 与申报表的 {row.unit} 不一致"
        elif any(
            (None if offset is None else form.year + offset) not in (row.years or (None,)) for offset in term.years
        ):
            yield f"“{term.fact}”的年份与申报表不一致"
    for code in (*([formula.fact] if formula.fact else []), *formula.claims):
        if code not in rows:
            yield f"“{code}”不在申报表中"
    for member in formula.members:
        if formula.fact in rows and member.code not in rows[formula.fact].codes:
            yield f"选项“{member.code}”不在申报表中"
    slots = {slot.code for slot in form.evidence_slots}
    for slot in formula.evidence:
        if slot not in slots:
            yield f"佐证材料“{slot}”不在申报表中"
