"""Forms (申报表): rows of data, compiled once, checked fast."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gf_policy.model import Channel, Checked, EvidenceSlot, FactRow, FormCheck, FormRow, FormSection, Problem


class Form:
    """A form of one category and kind, with the tightening of the overlays worked in."""

    id: str  # for example "n25-factory-application": goes into SubmissionAdmitted.form
    title: str
    category: str
    kind: str
    year: int  # evaluation year (评价年)
    sections: tuple[FormSection, ...]
    rows: tuple[FormRow, ...]
    checks: tuple[FormCheck, ...]
    evidence_slots: tuple[EvidenceSlot, ...]

    def row(self, code: str) -> FormRow:
        raise NotImplementedError

    def check(self, content: Mapping[str, Any], *, strict: bool = True) -> Checked:
        """Check a form's content. strict=False (暂存): shape and types only, nothing is required, no rule checks."""
        raise NotImplementedError

    def check_evidence(
        self, facts: Sequence[FactRow], present: Collection[str], *, at: str = "submit", channel: Channel = "person"
    ) -> list[Problem]:
        """Which slots lack an upload. `present`: slots with at least one file; `at`: "verify" or "submit"."""
        raise NotImplementedError
