"""The score sheet (评分表): one revision of what a submission was worth, and what it rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gf_scoring.domain.checks import Finding
from gf_scoring.domain.engine import LineState, Score, Scorer
from gf_scoring.domain.gates import GateResult, GateState
from gf_scoring.domain.numbers import plain


class Basis(Enum):
    """Whose word the points rest on: the applicant's own (自评) or a reviewer's marks as well (审核)."""

    CLAIMED = "claimed"
    ASSESSED = "assessed"


class Outcome(Enum):
    SCORED = "scored"
    NOT_SCORABLE = "not_scorable"


@dataclass(slots=True)
class Subject:
    """What is scored: a round of a submission with the unit as it stood when admitted. Ids are text."""

    submission_id: str
    round: int
    unit_id: str
    uscc: str
    category: str
    kind: str
    campaign_id: str
    year: int
    superior: str
    key_industry: str
    base: str


#: A reviewer's ruling that no key industry's table applies (通则).
GENERAL_RULING = "general"


@dataclass(slots=True)
class Assessment:
    """A reviewer's marks now in force (定性评分), and which industry table he or she ruled to apply."""

    marks: Mapping[str, str]
    industry_ruling: str
    person: str
    reason: str
    recorded_at: datetime


@dataclass(slots=True)
class Table:
    """What a sheet is scored by: a ruleset with a published benchmark set, compiled."""

    scorer: Scorer
    benchmark_set_id: str | None
    benchmark_hash: str
    #: Industry whose own lead and baseline hold; empty for the general ones.
    key_industry: str
    #: Said on every sheet, for example that the general values stand in for the industry's own.
    note: str = ""
    _reasons: dict[tuple[int, ...], list[str]] = field(default_factory=dict)

    def reasons(self, score: Score) -> list[str]:
        """What a reader of the total has to know; most sheets of a table say the same."""
        key = (score.scorable, *[-1 if points is not None else branch.place for branch, points, _ in score.lines])
        known = self._reasons.get(key)
        if known is None:
            known = self._reasons[key] = list(self._words(score))
        return known

    def _words(self, score: Score) -> Iterator[str]:
        names: dict[LineState, list[str]] = {}
        for line, indicator in zip(score.lines, self.scorer.indicators, strict=True):
            if line.points is None:
                names.setdefault(line.branch.state, []).append(indicator.name)
        if self.note:
            yield self.note
        for line, indicator in zip(score.lines, self.scorer.indicators, strict=True):
            if line.points is not None and line.branch.words:
                yield f"{indicator.name}：{line.branch.words}"
        if LineState.NOT_SCORABLE in names:
            yield "以下指标未评分，未计入总分：" + "、".join(names[LineState.NOT_SCORABLE]) + "。"
        if LineState.NOT_APPLICABLE in names:
            rule = _NOT_APPLICABLE[self.scorer.ruleset.not_applicable]
            yield f"以下指标不适用，{rule}：" + "、".join(names[LineState.NOT_APPLICABLE]) + "。"
        if LineState.AWAITS_MARK in names:
            yield "以下定性指标待审核评分：" + "、".join(names[LineState.AWAITS_MARK]) + "。"
        if not score.scorable:
            yield "可评分指标的权重不足，本表不评分。"


_NOT_APPLICABLE = {"rescale_to_full": "总分按其余指标折算", "zero_points": "按零分计入总分"}


@dataclass(slots=True)
class Sheet:
    """A revision. Revisions are appended; a newer benchmark set or ruleset changes none of them."""

    subject: Subject
    #: Number of the event on the submission's key: 1, 2, 3 … over all rounds.
    number: int
    revision: int
    basis: Basis
    outcome: Outcome
    table: Table | None
    score: Score | None
    reasons: list[str]
    input_hash: str
    marks: Mapping[str, str]
    #: Conditions that are not met or not stated.
    open_gates: tuple[GateResult, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def band(self) -> str:
        """The star or grade of the total; empty where the ruleset has none or the total earns none."""
        if self.score is None or self.table is None:
            return ""
        found = self.table.scorer.band(self.score)
        return found.code if found else ""

    @property
    def total(self) -> str | None:
        if self.score is None or self.score.total is None or self.table is None:
            return None
        return plain(self.score.total, self.table.scorer.ruleset.scale)


def draw_up(
    subject: Subject,
    table: Table | None,
    score: Score | None,
    assessment: Assessment | None,
    input_hash: str,
    *,
    number: int,
    revision: int,
    reason: str = "",
    open_gates: tuple[GateResult, ...] = (),
    findings: tuple[Finding, ...] = (),
) -> Sheet:
    """The sheet of a score; a submission that no ruleset covers is not scorable, with the reason."""
    marks = assessment.marks if assessment else {}
    basis = Basis.ASSESSED if assessment else Basis.CLAIMED
    if table is None or score is None:
        default = f"没有适用于该类别和填报种类的评分规则（{subject.category}、{subject.kind}），本表不评分。"
        reasons = [reason or default]
        return Sheet(subject, number, revision, basis, Outcome.NOT_SCORABLE, None, None, reasons, input_hash, marks)
    outcome = Outcome.SCORED if score.scorable else Outcome.NOT_SCORABLE
    reasons = table.reasons(score)
    if open_gates or findings:
        reasons = [*reasons, *_gate_words(open_gates), *(f"填报数据核对：{one.message}" for one in findings)]
    return Sheet(
        subject, number, revision, basis, outcome, table, score, reasons, input_hash, marks, open_gates, findings
    )


def _gate_words(gates: tuple[GateResult, ...]) -> Iterator[str]:
    """In words; the conditions change no points."""
    for state, words in ((GateState.NOT_MET, "以下基本要求未满足"), (GateState.NOT_STATED, "以下基本要求未填报")):
        names = [gate.name for gate in gates if gate.state is state]
        if names:
            yield f"{words}（不影响得分）：{'、'.join(names)}。"


def input_hash(admitted: bytes, assessment: Assessment | None) -> str:
    """SHA-256 (hex) over the form as it was admitted and, where a reviewer has marked, over marks and ruling."""
    digest = hashlib.sha256(admitted)
    if assessment is not None:
        marked = {"industry_ruling": assessment.industry_ruling, "marks": dict(assessment.marks)}
        digest.update(json.dumps(marked, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()
