"""A scoring table reads values that a form collects: same codes, same units, same years."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from gf_policy.errors import PolicyError
from gf_policy.forms import Form
from gf_policy.industries import IndustryTable
from gf_policy.limits import LimitTable
from gf_policy.model import FormRow
from gf_policy.policy_files import PolicyFolder
from gf_policy.ruleset_model import ByProduct, Derived, Formula, Indicator, Ruleset, Term
from gf_policy.tables import REST, TableEntry


def check_ruleset(ruleset: Ruleset, folders: Iterable[PolicyFolder]) -> None:
    base = next((folder for folder in folders if folder.policy.id == ruleset.base), None)
    if base is None or base.policy.extends is not None:
        raise PolicyError(ruleset.file, f"评分规则适用的基础规定“{ruleset.base}”不存在。", 1)
    if ruleset.category not in base.policy.categories:
        raise PolicyError(ruleset.file, f"基础规定不含类别“{ruleset.category}”。", 1)
    for kind in ruleset.kinds:
        form = base.forms.get((ruleset.category, kind))
        if form is None:
            raise PolicyError(ruleset.file, f"基础规定没有类别“{ruleset.category}”、事项“{kind}”的申报表。", 1)
        if not _is_a_year_of(base, form.year + ruleset.years_before):
            raise PolicyError(ruleset.file, f"评价年与《{form.title}》的 {form.year} 年不一致。", 1)
        reader = _Form(form)
        for indicator in ruleset.indicators:
            for reason in reader.faults(indicator):
                raise PolicyError(ruleset.file, f"“{indicator.name}”用到的{reason}（《{form.title}》）。", 1)
        for reason in reader.beside(ruleset):
            raise PolicyError(ruleset.file, f"{reason}（《{form.title}》）。", 1)


def check_tables(
    entries: Collection[TableEntry], folders: Iterable[PolicyFolder], industries: IndustryTable, limits: LimitTable
) -> None:
    """Slots without classes are the campaign's key industries: all of them, each with limits that exist (N25-53)."""
    known = {folder.policy.id for folder in folders}
    keys = {key.code for key in industries.keys}
    by_base: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        file = f"{entry.base}/tables.yaml"
        if entry.base not in known:
            raise PolicyError(file, f"基础规定“{entry.base}”不存在。", 1)
        for code in entry.limits:
            if not limits.editions(code):
                raise PolicyError(file, f"“{entry.name}”引用的限额或定额“{code}”不存在。", 1)
        if entry.classes or entry.code == REST:
            continue
        if entry.code not in keys:
            raise PolicyError(file, f"重点行业清单中没有“{entry.code}”，也没有写行业代码。", 1)
        by_base.setdefault((entry.base, entry.category), set()).add(entry.code)
    for (base, _), named in by_base.items():
        if missing := keys - named:
            raise PolicyError(f"{base}/tables.yaml", f"重点行业没有列全，缺少：{'、'.join(sorted(missing))}。", 1)


def _is_a_year_of(base: PolicyFolder, year: int) -> bool:
    """The year of a campaign under it: its own, or any of its validity where that spans several."""
    policy = base.policy
    last = policy.valid_to.year if policy.valid_to else year
    return year == policy.year or (last - policy.valid_from.year > 2 and policy.valid_from.year <= year <= last)


class _Form:
    """What a form collects, as a table asks for it."""

    def __init__(self, form: Form) -> None:
        self._year = form.year
        self._rows = {row.code: row for row in form.rows}
        self._slots = {slot.code for slot in form.evidence_slots}

    def faults(self, line: Indicator | Derived) -> Iterator[str]:
        formula = line.formula
        yield from self._terms(formula)
        for code in (*([formula.fact] if formula.fact else []), *formula.claims):
            if code not in self._rows:
                yield f"“{code}”不在申报表中"
        for member in formula.members:
            if formula.fact in self._rows and member.code not in self._rows[formula.fact].codes:
                yield f"选项“{member.code}”不在申报表中"
        for slot in formula.evidence:
            if slot not in self._slots:
                yield f"佐证材料“{slot}”不在申报表中"
        if isinstance(line, Indicator) and line.by_product is not None:
            yield from self._products(line.by_product)
        if isinstance(line, Indicator) and line.tiers is not None:
            for term in line.tiers.of:
                yield from self._term(term, 0)

    def beside(self, ruleset: Ruleset) -> Iterator[str]:
        """Conditions, ranges, checks and what is only shown."""
        for gate in ruleset.gates:
            row = self._rows.get(gate.fact)
            if row is None or row.type != "flag":
                yield f"基本要求“{gate.name}”用到的“{gate.fact}”不是申报表中的是非项"
        for physical in ruleset.physical:
            row = self._rows.get(physical.fact)
            if row is None or row.unit != physical.unit:
                yield f"范围用到的“{physical.fact}”（{physical.unit}）不在申报表中"
        for check in ruleset.cross_checks:
            for code in (check.fact, check.parts):
                row = self._rows.get(code)
                if row is None or row.unit != check.unit or row.per_product is not (code == check.parts):
                    yield f"核对用到的“{code}”与申报表不一致"
        for derived in ruleset.derived:
            for reason in self.faults(derived):
                yield f"“{derived.name}”用到的{reason}"

    def _terms(self, formula: Formula) -> Iterator[str]:
        spans = (0, -formula.span) if formula.span else (0,)
        for term in (*formula.of, *(term for part in formula.parts for term in part.of), *formula.over):
            for shift in spans:
                yield from self._term(term, shift)

    def _term(self, term: Term, shift: int, *, per_product: bool = False) -> Iterator[str]:
        row: FormRow | None = self._rows.get(term.fact)
        if row is None or row.per_product is not per_product:
            yield f"“{term.fact}”不在申报表中"
        elif row.unit != term.unit:
            yield f"“{term.fact}”的单位 {term.unit} 与申报表的 {row.unit} 不一致"
        elif any(
            (None if offset is None else self._year + offset + shift) not in (row.years or (None,))
            for offset in term.years
        ):
            yield f"“{term.fact}”的年份与申报表不一致"

    def _products(self, by: ByProduct) -> Iterator[str]:
        for term in (by.amount, by.output):
            yield from self._term(term, 0, per_product=True)
        for code in (by.limit, *by.parameters):
            if code not in self._rows or not self._rows[code].per_product:
                yield f"“{code}”不是申报表中分产品的项目"
