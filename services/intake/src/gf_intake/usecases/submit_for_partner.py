"""合作平台一次上报: create, verify and submit in one call, for provincial systems; many calls share one transaction.

The same domain functions as the step-by-step way, fed and stored in bulk (group commit): one statement of facts under
locks, the admissions, one statement for keys, rows and journal, one commit. Nobody is told before the commit.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import crashpoints, idempotency, journal, json
from gf_chassis.batcher import Batcher
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Rejected
from gf_chassis.idempotency import Answer
from gf_chassis.ids import new_id
from gf_intake.adapters import bulk
from gf_intake.adapters.bulk import Facts, NewSubmission
from gf_intake.adapters.contracts import EvidenceRef
from gf_intake.adapters.policies import Policies, require_uscc
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.standings import NOTHING
from gf_intake.domain.campaigns import Campaign
from gf_intake.domain.errors import EvidenceRefused, FieldError, InvalidProfile, SubmissionExists
from gf_intake.domain.numbers import number_of
from gf_intake.domain.submissions import Submission
from gf_intake.usecases.admit import Case, admit
from gf_intake.usecases.partner_request import PartnerCall, Prepared, prepare
from gf_intake.usecases.views import noted_view, submission_view

_log = structlog.get_logger()
#: Admissions between two looks at what else the process has to do.
_BREATH = 16
Answers = dict[int, Answer | BaseException]


@dataclass(frozen=True, slots=True)
class _Admission:
    """One admission of a group, ready to be written."""

    call: PartnerCall
    new: NewSubmission


@dataclass(slots=True)
class SubmitForPartner:
    """Use case."""

    database: Database
    policies: Policies
    batcher: Batcher[PartnerCall, Answer] = field(init=False)
    #: Campaigns as last read. Never trusted: their versions are compared under lock.
    _campaigns: dict[UUID, Campaign] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.batcher = Batcher(self._flush, flushers=2)

    async def __call__(self, call: PartnerCall) -> Answer:
        if call.unit_id is None:
            if call.category is None:
                raise InvalidProfile(
                    "请用 unit_id,或用 uscc 和 category 指明申报单位。",
                    code="unit_required",
                    rule="used-by",
                    errors=(FieldError("/unit_id", "required", "缺少申报单位"),),
                )
            require_uscc(call.uscc)
        return await self.batcher.submit(call)

    async def _flush(self, group: Sequence[PartnerCall]) -> Sequence[Answer | BaseException]:
        """Admit a group in one transaction. If the database refuses it, those whose key somebody else has used get
        what stands under it, and the others try again: together, or where that explains nothing, each for itself."""
        try:
            return await self._admit(group)
        except (IntegrityError, DataError) as error:
            answers: Answers = {}
            async with self.database.reading() as session:
                await _replay(session, group, answers)
            rest = [one for one in group if id(one) not in answers]
            if len(group) == len(rest) == 1:
                taken = SubmissionExists("该单位在本批次已有此种表单,请在原表单上继续填写。")
                return [taken if isinstance(error, IntegrityError) else error]
            _log.info("group commit tries again", size=len(group), known=len(answers))
            for part in [rest] if answers else [[one] for one in rest]:
                answers |= zip(map(id, part), await self._flush(part), strict=True)
            return [answers[id(one)] for one in group]

    async def _admit(self, group: Sequence[PartnerCall]) -> list[Answer | BaseException]:
        async with self.database.unit_of_work() as uow:
            leaders = _leaders(group)
            facts = await self._facts(uow, leaders)
            admitted: list[_Admission] = []
            answers: Answers = {}
            for index, one in enumerate(leaders):
                if index % _BREATH == _BREATH - 1:
                    await asyncio.sleep(0)  # a large group must not hold up pages and probes
                try:
                    admitted.append(self._admission(one, facts))
                except Exception as refused:  # goes to this one's caller; its neighbours are not concerned
                    answers[id(one)] = refused
            if admitted:
                await bulk.write(uow, facts.now, [one.new for one in admitted])
                answers |= {id(one.call): one.new.answer for one in admitted}
            # What was refused may be a repetition; also of a call that another process has just committed.
            await _replay(uow.session, [one for one in group if not isinstance(answers.get(id(one)), Answer)], answers)
            crashpoints.reach("batcher.before_commit")
            await uow.commit()
            crashpoints.reach("batcher.after_commit")
        return _followed(group, answers)

    async def _facts(self, uow: UnitOfWork, calls: Sequence[PartnerCall]) -> Facts:
        """What the admissions rest on, read under locks; campaigns that changed are read again."""
        facts = await bulk.facts_for(
            uow.session,
            {call.unit_id for call in calls if call.unit_id is not None},
            {(call.uscc or "", call.category or "") for call in calls if call.unit_id is None},
            {call.campaign_id for call in calls},
            {evidence for call in calls for _, evidence in call.evidence},
        )
        for campaign_id, version in facts.campaigns.items():
            known = self._campaigns.get(campaign_id)
            if known is None or known.version != version:
                campaign = await Repository(uow.session).campaign(campaign_id)
                assert campaign is not None
                self._campaigns[campaign_id] = campaign
        return replace(facts, now=facts.now + self.database.clock.offset)

    def _admission(self, call: PartnerCall, facts: Facts) -> _Admission:
        """One admission against the facts under lock: the same `admit` as step by step."""
        if call.unit_id is not None:
            units = [unit] if (unit := facts.units.get(call.unit_id)) is not None else []
        else:
            units = facts.codes.get((call.uscc or "", call.category or ""), [])
        campaign = self._campaigns[call.campaign_id] if call.campaign_id in facts.campaigns else None
        return _admitted(prepare(call, units, campaign, self.policies), facts)


def _admitted(prepared: Prepared, facts: Facts) -> _Admission:
    call, unit, campaign = prepared.call, prepared.unit, prepared.campaign
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
    # Written by `contracts` from closed lists of words: no enum in it can be unspecified.
    payload = admitted.published.message.SerializeToString(deterministic=True)
    journal.require_size(payload)
    view = {**submission_view(submission), "warnings": [noted_view(w) for w in admitted.warnings]}
    position = f"{admitted.published.topic}/{admitted.published.key}/{admitted.published.number}"
    answer = Answer(201, json.dumps(view), {"Event-Position": position})
    facts.submissions[place] = submission_id
    new = NewSubmission(
        call.once,
        answer,
        submission,
        unit.version,
        prepared.canonical.decode(),
        evidence,
        call.principal.actor(),
        {"round": 1, "form_version": 1, "number": number},
        payload,
    )
    return _Admission(call, new)


def _evidence(prepared: Prepared, facts: Facts) -> list[EvidenceRef]:
    """Named evidence must be the unit's own and fit a slot of the form."""
    slots = {slot.code for slot in prepared.rules.form.evidence_slots} if prepared.call.evidence else set()
    refs = []
    for index, (slot, evidence_id) in enumerate(prepared.call.evidence):
        found = facts.evidence.get(evidence_id)
        if found is None or found[0] != prepared.unit.id or slot not in slots:
            raise EvidenceRefused(
                "佐证材料不存在或与材料项不符,请先上传。",
                code="unknown_evidence",
                errors=(FieldError(f"/evidence/{index}", "unknown_evidence", "材料不存在或材料项有误"),),
            )
        refs.append(EvidenceRef(str(evidence_id), slot, *found[1:]))
    return refs


def _leaders(group: Sequence[PartnerCall]) -> list[PartnerCall]:
    """Of equal keys in one group the first leads; the others get its answer."""
    first: dict[tuple[str, str], PartnerCall] = {}
    for one in group:
        first.setdefault(one.key, one)
    return list(first.values())


async def _replay(session: AsyncSession, unanswered: Sequence[PartnerCall], answers: Answers) -> None:
    """The first answers of those keys that have one; 422 where the body was another."""
    if not unanswered:
        return
    stored = await idempotency.stored(session, sorted({one.key for one in unanswered}))
    for one in unanswered:
        if one.key in stored:
            try:
                answers[id(one)] = one.once.replay(stored[one.key])
            except Rejected as refused:
                answers[id(one)] = refused


def _followed(group: Sequence[PartnerCall], answers: Answers) -> list[Answer | BaseException]:
    """In the group's order; who followed a refused leader is refused alike, if it asked the same."""
    refusals = {one.key: (one.once.hash, answers[id(one)]) for one in reversed(group) if id(one) in answers}
    complete: list[Answer | BaseException] = []
    for one in group:
        answer = answers.get(id(one))
        if answer is None:
            hash_, first = refusals[one.key]
            answer = first if hash_ == one.once.hash else idempotency.other_request()
        complete.append(answer)
    return complete
