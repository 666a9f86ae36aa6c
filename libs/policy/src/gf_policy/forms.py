"""Forms (申报表): rows of data, compiled once, checked fast."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gf_policy.errors import PolicyLookupError
from gf_policy.form_checks import CheckPlan
from gf_policy.form_content import ContentChecker, FormLimits
from gf_policy.model import Channel, Checked, EvidenceSlot, FactRow, FormCheck, FormRow, FormSection, Problem

_RULE = "DM-form"


@dataclass(frozen=True, slots=True)
class FormTightening:
    """What an overlay adds to a form: more rows required, evidence asked on more ways in."""

    category: str
    kind: str
    require: frozenset[str]
    channels: Mapping[str, frozenset[Channel]]


class Form:
    """A form of one category and kind, with the tightening of the overlays worked in."""

    def __init__(
        self,
        *,
        id: str,
        title: str,
        category: str,
        kind: str,
        year: int,
        sections: tuple[FormSection, ...],
        checks: tuple[CheckPlan, ...],
        evidence_slots: tuple[EvidenceSlot, ...],
        limits: FormLimits,
    ) -> None:
        self.id = id  # for example "n25-factory-application": goes into SubmissionAdmitted.form
        self.title = title
        self.category = category
        self.kind = kind
        self.year = year  # evaluation year (评价年)
        self.sections = sections
        self.rows: tuple[FormRow, ...] = tuple(row for section in sections for row in section.rows)
        self.evidence_slots = evidence_slots
        self.limits = limits
        self._plans = checks
        self.checks: tuple[FormCheck, ...] = tuple(plan.check for plan in checks)
        self._rows = {row.code: row for row in self.rows}
        self._slots = {slot.code: slot for slot in evidence_slots}
        self._proven = frozenset(code for slot in evidence_slots for code in slot.required_when)
        self._checker = ContentChecker(self.rows, checks, limits)

    def row(self, code: str) -> FormRow:
        try:
            return self._rows[code]
        except KeyError:
            raise PolicyLookupError("unknown_value", f"《{self.title}》中没有“{code}”这一项。", rule=_RULE) from None

    def slot(self, code: str) -> EvidenceSlot:
        try:
            return self._slots[code]
        except KeyError:
            raise PolicyLookupError(
                "unknown_evidence_slot", f"《{self.title}》中没有名为“{code}”的佐证材料。", rule="N25-evid"
            ) from None

    def tightened(self, extra: FormTightening) -> Form:
        sections = tuple(
            replace(
                section,
                rows=tuple(replace(row, required=row.required or row.code in extra.require) for row in section.rows),
            )
            for section in self.sections
        )
        slots = tuple(
            replace(
                slot,
                required_channels=tuple(sorted({*slot.required_channels, *extra.channels.get(slot.code, frozenset())})),
            )
            for slot in self.evidence_slots
        )
        return Form(
            id=self.id,
            title=self.title,
            category=self.category,
            kind=self.kind,
            year=self.year,
            sections=sections,
            checks=self._plans,
            evidence_slots=slots,
            limits=self.limits,
        )

    def check(self, content: Mapping[str, Any], *, strict: bool = True) -> Checked:
        """Check a form's content.

        strict=False (暂存): shape, known codes and types only; nothing is required, no ranges, no rule checks.
        Facts come in the form's order whatever order the content has, so that equal content gives equal facts;
        strict checking also states what is missing.
        """
        return self._checker.check(content, strict)

    # --- evidence ---------------------------------------------------------------------------------------------------

    def check_evidence(
        self, facts: Sequence[FactRow], present: Collection[str], *, at: str = "submit", channel: Channel = "person"
    ) -> list[Problem]:
        """Which slots lack an upload. `present`: slots with at least one file; `at`: "verify" or "submit".

        An upload is mandatory as soon as its value is entered (N25-evid); no, none and zero ask for no proof.
        """
        entered = {fact.code for fact in facts if fact.code in self._proven and _calls_for_proof(fact)}
        problems = []
        for slot in self.evidence_slots:
            if (
                channel not in slot.required_channels
                or slot.code in present
                or (slot.at == "submit" and at != "submit")
            ):
                continue
            if slot.always or not entered.isdisjoint(slot.required_when):
                why = (
                    ""
                    if slot.always
                    else f"已填写“{self._rows[next(iter(entered & set(slot.required_when)))].label}”，"
                )
                message = f"{why}请上传“{slot.label}”。"
                problems.append(Problem(f"/evidence/{slot.code}", "evidence_missing", slot.rule, message, slot.article))
        return problems


def _calls_for_proof(fact: FactRow) -> bool:
    return fact.presence == "given" and bool(fact.value) and fact.value != "0"
