"""合作平台一次上报: create, verify and submit in one call, for provincial systems; many calls share one transaction.

The same domain functions as the step-by-step way, fed and stored in bulk (group commit): one statement of facts under
locks, the admissions, one statement each for keys, rows and journal, one commit. Nobody is told before the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from gf_chassis import crashpoints, idempotency, journal, json
from gf_chassis.batcher import Batcher
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Rejected
from gf_chassis.idempotency import CLAIM_MANY_SQL, Answer
from gf_chassis.ids import new_id
from gf_chassis.journal import Actor, Entry
from gf_intake.adapters import bulk
from gf_intake.adapters.bulk import Facts, NewSubmission
from gf_intake.adapters.contracts import EvidenceRef
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.standings import NOTHING
from gf_intake.domain.errors import EvidenceRefused, FieldError, SubmissionExists
from gf_intake.domain.numbers import number_of
from gf_intake.domain.submissions import Submission
from gf_intake.usecases.admit import Case, admit
from gf_intake.usecases.partner_request import Known, PartnerCall, Prepared, prepare
from gf_intake.usecases.views import noted_view, submission_view

_log = structlog.get_logger()
_CLAIM = text(CLAIM_MANY_SQL)
_ATTEMPTS = 4


class _Outdated(Exception):
    """The unit or the campaign changed since it was read: read again."""


@dataclass(frozen=True, slots=True)
class _Admission:
    """One admission of a group, ready to be written."""

    prepared: Prepared
    new: NewSubmission
    line: tuple[journal.Prepared, Actor]
    answer: Answer

    @property
    def key(self) -> tuple[str, str] | None:
        return _key(self.prepared)


@dataclass(slots=True)
class SubmitForPartner:
    """Use case."""

    database: Database
    policies: Policies
    known: Known = field(init=False)
    batcher: Batcher[Prepared, Answer] = field(init=False)

    def __post_init__(self) -> None:
        self.known = Known(self.database)
        self.batcher = Batcher(self._flush)

    async def __call__(self, call: PartnerCall) -> Answer:
        for _ in range(_ATTEMPTS):
            prepared = await prepare(call, self.known, self.policies)
            try:
                return await self.batcher.submit(prepared)
            except _Outdated:
                self.known.forget(prepared.unit.id, call.campaign_id)
        raise SubmissionExists("申报单位或批次正在变更,请稍后重试。", code="busy")

    async def _flush(self, group: Sequence[Prepared]) -> Sequence[Answer | BaseException]:
        """Admit a group in one transaction; if the database refuses the group, each for itself."""
        try:
            return await self._admit(group)
        except (IntegrityError, DataError) as error:
            if len(group) == 1:
                taken = SubmissionExists("该单位在本批次已有此种表单,请在原表单上继续填写。")
                return [taken if isinstance(error, IntegrityError) else error]
            _log.info("group commit falls back to single admissions", size=len(group))
            return [answer for one in group for answer in await self._flush([one])]

    async def _admit(self, group: Sequence[Prepared]) -> list[Answer | BaseException]:
        async with self.database.unit_of_work() as uow:
            leaders = _leaders(group)
            facts = await bulk.facts_for(
                uow.session,
                {one.unit.id for one in leaders},
                {one.campaign.id for one in leaders},
                {evidence for one in leaders for _, evidence in one.call.evidence},
            )
            facts = replace(facts, now=facts.now + self.database.clock.offset)
            admitted: list[_Admission] = []
            answers: dict[int, Answer | BaseException] = {}
            for one in leaders:
                try:
                    admitted.append(_admission(one, facts))
                except Exception as refused:  # goes to this one's caller; its neighbours are not concerned
                    answers[id(one)] = refused
            for done in await _write(uow, facts, admitted):
                answers[id(done.prepared)] = done.answer
            # What was not written may be a repetition; also of a call that another process has just committed.
            await _replay(uow, [one for one in group if not isinstance(answers.get(id(one)), Answer)], answers)
            crashpoints.reach("batcher.before_commit")
            await uow.commit()
            crashpoints.reach("batcher.after_commit")
        return _followed(group, answers)


async def _write(uow: UnitOfWork, facts: Facts, admitted: Sequence[_Admission]) -> list[_Admission]:
    """Keys, rows, journal. What comes back was written; the rest found its key taken."""
    claimed = await _claim(uow, admitted)
    written = [one for one in admitted if one.key is None or one.key in claimed]
    if written:
        await bulk.write(uow.session, facts.now, [one.new for one in written])
        await journal.append(uow.session, [one.line for one in written], journal.current_traceparent())
    return written


def _admission(prepared: Prepared, facts: Facts) -> _Admission:
    """One admission against the facts under lock: the same `admit` as step by step."""
    call, unit, campaign = prepared.call, prepared.unit, prepared.campaign
    if facts.units.get(unit.id) != unit.version or facts.campaigns.get(campaign.id) != campaign.version:
        raise _Outdated
    place = (unit.id, campaign.id, call.kind)
    if place in facts.submissions:
        raise SubmissionExists(f"该单位在本批次已有此种表单(编号 {facts.submissions[place]}),请在原表单上继续填写。")
    evidence = _evidence(prepared, facts)
    submission_id = new_id()
    number = number_of(submission_id, call.kind, campaign.year, unit.profile.superior)
    submission = Submission(submission_id, number, unit.id, campaign.id, unit.category, call.kind)
    submission.save(prepared.content_hash, verified=True)
    case = Case(
        submission,
        unit,
        campaign,
        prepared.rules,
        call.content,
        prepared.checked,
        evidence,
        facts.standings.get(unit.id, NOTHING),
        "partner",
    )
    admitted = admit(case, facts.now)
    facts.submissions[place] = submission_id
    data = {"round": 1, "form_version": 1, "number": number}
    entry = Entry("submission", str(submission_id), "Submitted", data, "used-by", published=admitted.published)
    view = {**submission_view(submission), "warnings": [noted_view(w) for w in admitted.warnings]}
    position = f"{admitted.published.topic}/{admitted.published.key}/{admitted.published.number}"
    return _Admission(
        prepared,
        NewSubmission(submission, unit.version, prepared.canonical.decode(), call.principal.subject, evidence),
        (journal.prepare(entry), call.principal.actor()),
        Answer(201, json.dumps(view), {"Event-Position": position}),
    )


def _evidence(prepared: Prepared, facts: Facts) -> list[EvidenceRef]:
    """Named evidence must be the unit's own and fit a slot of the form."""
    slots = {slot.code for slot in prepared.rules.form.evidence_slots} if prepared.call.evidence else set()
    refs = []
    for index, (slot, evidence_id) in enumerate(prepared.call.evidence):
        owner, ref = facts.evidence.get(evidence_id, (None, None))
        if ref is None or owner != prepared.unit.id or slot not in slots:
            raise EvidenceRefused(
                "佐证材料不存在或与材料项不符,请先上传。",
                code="unknown_evidence",
                errors=(FieldError(f"/evidence/{index}", "unknown_evidence", "材料不存在或材料项有误"),),
            )
        refs.append(replace(ref, slot=slot))
    return refs


def _key(prepared: Prepared) -> tuple[str, str] | None:
    once = prepared.call.once
    return None if once.key is None else (once.scope, once.key)


def _leaders(group: Sequence[Prepared]) -> list[Prepared]:
    """Of equal keys in one group the first leads; the others get its answer."""
    first: dict[object, Prepared] = {}
    for one in group:
        first.setdefault(_key(one) or id(one), one)
    return list(first.values())


async def _replay(uow: UnitOfWork, unanswered: Sequence[Prepared], answers: dict[int, Answer | BaseException]) -> None:
    """The first answers of those keys that have one; 422 where the body was another."""
    keys = sorted({key for one in unanswered if (key := _key(one)) is not None})
    if not keys:
        return
    stored = await idempotency.stored(uow.session, keys)
    for one in unanswered:
        key = _key(one)
        if key in stored:
            try:
                answers[id(one)] = one.call.once.replay(stored[key])
            except Rejected as refused:
                answers[id(one)] = refused


async def _claim(uow: UnitOfWork, admitted: Sequence[_Admission]) -> set[tuple[str, str]]:
    """Take the keys with their answers, sorted so that two flushers never deadlock."""
    rows = sorted(
        ((*one.key, one.prepared.call.once.hash, one.answer) for one in admitted if one.key is not None),
        key=lambda row: row[:2],
    )
    if not rows:
        return set()
    found = await uow.session.execute(
        _CLAIM,
        {
            "idem_scope": [scope for scope, _, _, _ in rows],
            "idem_key": [key for _, key, _, _ in rows],
            "idem_hash": [hash_ for _, _, hash_, _ in rows],
            "idem_status": [answer.status for *_, answer in rows],
            "idem_headers": [json.dumps(dict(answer.headers)).decode() for *_, answer in rows],
            "idem_body": [answer.body for *_, answer in rows],
        },
    )
    return {(row.scope, row.key) for row in found}


def _followed(group: Sequence[Prepared], answers: dict[int, Answer | BaseException]) -> list[Answer | BaseException]:
    """In the group's order; who followed a refused leader is refused alike, if it asked the same."""
    refusals = {_key(one): (one.call.once.hash, answers[id(one)]) for one in reversed(group) if id(one) in answers}
    complete: list[Answer | BaseException] = []
    for one in group:
        answer = answers.get(id(one))
        if answer is None:
            hash_, first = refusals[_key(one)]
            answer = first if hash_ == one.call.once.hash else idempotency.other_request()
        complete.append(answer)
    return complete
