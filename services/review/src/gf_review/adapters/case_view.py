"""One case as its reviewers see it: stages, sheet line by line, form values, warnings, records, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.words import CATEGORIES
from gf_review.adapters import dossiers
from gf_review.adapters.case_records import CaseRecords
from gf_review.adapters.contracts.outgoing import decimal_text
from gf_review.adapters.derivation import FormValues, derivation
from gf_review.adapters.labels import (
    GUARD_NAMES,
    KIND_NAMES,
    LEVEL_NAMES,
    OUTCOME_NAMES,
    SUBSTATE_NAMES,
)
from gf_review.adapters.policy import FormLabels, Policies, route_from_json
from gf_review.adapters.tables import (
    CaseRow,
    DecisionRow,
    RoundRow,
    SheetRow,
    StageRow,
)
from gf_review.domain import guards
from gf_review.domain.case import STAGE_NAMES, STATE_NAMES, Case, CaseState, Outcome, Stage, StageState
from gf_review.domain.dossier import Dossier
from gf_review.domain.errors import Problem
from gf_review.domain.route import GuardPlan


class CaseView:
    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.records = CaseRecords(policies)

    async def read(self, session: AsyncSession, authority: str, submission_id: str, now: datetime) -> dict[str, Any]:
        row = (await session.exec(select(CaseRow).where(CaseRow.submission_id == submission_id))).one()
        rounds = (
            await session.exec(
                select(RoundRow).where(RoundRow.submission_id == submission_id).order_by(col(RoundRow.round))
            )
        ).all()
        stages = (
            await session.exec(
                select(StageRow)
                .where(StageRow.submission_id == submission_id)
                .order_by(col(StageRow.round), col(StageRow.stage_no))
            )
        ).all()
        case = _case(row, rounds[-1], [one for one in stages if one.round == row.round])
        dossier = await dossiers.read(session, case)
        mine = next((one for one in case.stages if one.plan.applicable and one.plan.authority == authority), None)
        content = self._content(rounds[-1], row)
        base_id = str(rounds[-1].policies[0]["id"])
        records = await self.records.of_round(session, case, base_id)
        return {
            **self._head(row, dossier),
            "stages": [self._stage(stage) for stage in case.stages],
            "mine": await self._mine(session, case, dossier, mine, now) if mine else None,
            "rounds": [self._round(one, stages) for one in rounds],
            "sheet": await self._sheet(session, row, dossier, content["values"]),
            "average": _average(case, dossier, self.policies),
            "content": content,
            "industry": self._industry(base_id, case, dossier, rounds[-1]),
            "changes": await self._changes(session, authority, rounds, row),
            "bars": [
                {"ground": one.ground, "article": one.article, "since": one.since, "until": one.until}
                for one in dossier.bars
            ],
            "records": records,
            "history": await self.records.history(session, case, base_id),
        }

    def _head(self, row: CaseRow, dossier: Dossier) -> dict[str, Any]:
        return {
            "submission_id": row.submission_id,
            "number": row.number,
            "unit_id": row.unit_id,
            "unit_name": row.unit_name,
            "uscc": row.uscc,
            "region": row.region,
            "key_industry": row.key_industry,
            "key_industry_name": self.policies.key_industry_name(row.key_industry),
            "preferences": list(row.preferences),
            "campaign_id": row.campaign_id,
            "category": row.category,
            "category_name": CATEGORIES.get(row.category, row.category),
            "kind": row.kind,
            "kind_name": KIND_NAMES.get(row.kind, row.kind),
            "year": row.year,
            "state": row.state,
            "state_label": STATE_NAMES[CaseState(row.state)],
            "outcome": row.outcome,
            "outcome_label": OUTCOME_NAMES.get(row.outcome, ""),
            "round": row.round,
            "version": row.version,
            "sheet_revision": dossier.revision,
            "etag": f"{row.version}-{dossier.revision}",
            "barred": row.barred,
            "admitted_at": row.admitted_at,
        }

    def _industry(self, base_id: str, case: Case, dossier: Dossier, row: RoundRow) -> dict[str, Any]:
        """行业认定: whose table applies, by whose word, and which others there are."""
        filed = self.policies.industry_filed(base_id, case.category, row.unit)
        code = dossier.ruling.industry if dossier.ruling else filed
        named = [(one, self.policies.industry_name(base_id, case.category, one)) for one in (code, filed)]
        return {
            "code": code,
            "name": named[0][1],
            "filed": filed,
            "filed_name": named[1][1],
            "ruled": dossier.ruling is not None,
            "awaits_sheet": dossier.awaits_ruled_sheet,
            "tables": self.policies.industry_tables(base_id, case.category),
        }

    def _stage(self, stage: Stage) -> dict[str, Any]:
        return {
            "stage_no": stage.stage_no,
            "level": stage.plan.level,
            "level_name": LEVEL_NAMES.get(stage.plan.level, stage.plan.level),
            "authority": stage.plan.authority,
            "authority_name": self.policies.authority_name(stage.plan.authority),
            "state": str(stage.state),
            "label": STAGE_NAMES[stage.state],
            "substates": list(stage.substates),
            "substate_labels": [SUBSTATE_NAMES.get(one, one) for one in stage.substates],
            "reason": stage.reason,
            "decided_at": stage.decided_at,
            "list_id": stage.plan.list_id,
            "checklist": [{"code": item.code, "label": item.label} for item in stage.plan.checklist],
        }

    async def _mine(
        self, session: AsyncSession, case: Case, dossier: Dossier, stage: Stage, now: datetime
    ) -> dict[str, Any]:
        """What my level demands, and what of it is still missing."""
        plan = stage.plan
        passed = await dossiers.passed_so_far(session, case, plan)
        missing = guards.missing(guards.Situation(plan, case.route, dossier, case.category, passed))
        closing = await dossiers.closes_at(session, case, stage, self.policies.chain(plan.authority))
        findings = dossier.findings_in_force(stage.stage_no)
        asked = dossier.consultations_at(stage.stage_no)
        return {
            "stage_no": stage.stage_no,
            "active": case.state is CaseState.OPEN and stage.state is StageState.IN_REVIEW,
            "closes_at": closing,
            "window_over": closing is not None and now >= closing,
            "guards": [guard.code for guard in plan.guards],
            "conditions": _conditions(plan.guards, missing),
            "missing": [
                {"code": one.code, "detail": one.detail, "rule": one.rule, "article": one.article} for one in missing
            ],
            "checklist": [
                {
                    "code": item.code,
                    "label": item.label,
                    "rule": item.rule,
                    "findings": [
                        {"pointer": one.pointer, "ok": one.ok, "note": one.note}
                        for (code, _), one in findings.items()
                        if code == item.code
                    ],
                }
                for item in plan.checklist
            ],
            "consults": [
                {
                    "code": one.code,
                    "name": one.name,
                    "asked_on": asked[one.code].asked_on if one.code in asked else None,
                    "answered_on": asked[one.code].answered_on if one.code in asked else None,
                    "agrees": asked[one.code].agrees if one.code in asked else None,
                    "opinion": asked[one.code].opinion if one.code in asked else "",
                }
                for one in plan.consults
            ],
            "below_average": guards.is_below_average(case.route, dossier),
            "correction_days": plan.correction_days,
            "list_id": plan.list_id,
            "list_name": self.policies.list_name(plan.list_id) if plan.list_id else "",
            "publishes": plan.publishes,
            "waits": plan.waits_for_publicity,
            "next_name": self._authority_of(case, plan.recommends),
            "batch_id": dossier.batch.recommendation_id if dossier.batch else "",
            "article": plan.article,
        }

    def _authority_of(self, case: Case, stage_no: int | None) -> str:
        plan = case.route.plan(stage_no) if stage_no is not None else None
        return self.policies.authority_name(plan.authority) if plan else ""

    def _round(self, row: RoundRow, stages: Sequence[StageRow]) -> dict[str, Any]:
        return {
            "round": row.round,
            "admitted_at": row.admitted_at,
            "content_hash": row.content_hash,
            "superior": self.policies.authority_name(str(row.unit["superior"])),
            "route_replaced": row.route_replaced,
            "policies": [f"{one['id']}@{one['version']}" for one in row.policies],
            "stages": [
                {
                    "stage_no": one.stage_no,
                    "authority_name": self.policies.authority_name(one.authority),
                    "state": one.state,
                    "label": STAGE_NAMES[StageState(one.state)],
                    "reason": one.reason,
                    "decided_at": one.decided_at,
                }
                for one in stages
                if one.round == row.round
            ],
        }

    def _content(self, row: RoundRow, case: CaseRow) -> dict[str, Any]:
        labels = self._labels(row, case)
        values = [
            fact | {"label": labels.rows.get(fact["code"], fact["code"]), "shown": labels.shown(fact)}
            for fact in row.facts
        ]
        return {
            "form": row.form,
            "unit": {
                "name": row.unit["name"],
                "uscc": row.unit["uscc"],
                "industries": row.unit["industries"],
                "region": row.unit["region"],
                "superior": self.policies.authority_name(str(row.unit["superior"])),
            },
            "values": values,
            "warnings": row.warnings,
            "evidence": [one | {"label": labels.slots.get(one["slot"], one["slot"])} for one in row.evidence],
        }

    def _labels(self, row: RoundRow, case: CaseRow) -> FormLabels:
        return self.policies.form_labels(row.policies, str(row.unit["superior"]), case.category, case.kind)

    async def _sheet(
        self, session: AsyncSession, case: CaseRow, dossier: Dossier, values: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any] | None:
        """The sheet in force, each line with its derivation."""
        sheet = _sheet(dossier)
        if sheet is None:
            return None
        row = await session.get(SheetRow, (case.submission_id, case.round, dossier.revision))
        ruleset = self.policies.ruleset(row.ruleset) if row else None
        form = FormValues(values)
        dimensions = {one.code: one.name for one in ruleset.dimensions} if ruleset else {}
        for line in sheet["lines"]:
            line["derivation"] = derivation(line, ruleset, case.year, form)
            line["dimension_name"] = dimensions.get(line["dimension"], "")
        return sheet | {"ruleset_title": ruleset.title if ruleset else "", "ruleset": row.ruleset if row else ""}

    async def _changes(
        self, session: AsyncSession, authority: str, rounds: Sequence[RoundRow], case: CaseRow
    ) -> list[dict[str, Any]]:
        """What changed since this authority last decided (return: kept for each level)."""
        decided = (
            await session.exec(
                select(DecisionRow.round)
                .where(DecisionRow.submission_id == rounds[-1].submission_id, DecisionRow.authority == authority)
                .order_by(col(DecisionRow.round).desc())
                .limit(1)
            )
        ).first()
        if decided is None or decided == rounds[-1].round:
            return []
        labels = self._labels(rounds[-1], case)
        before = _values(next(one for one in rounds if one.round == decided))
        now = _values(rounds[-1])
        return [
            {
                "code": key[0],
                "label": labels.rows.get(key[0], key[0]),
                "product": key[1],
                "year": key[2],
                "before": before[key]["value"] if key in before else None,
                "now": now[key]["value"] if key in now else None,
                "before_shown": labels.shown(before[key]) if key in before else "—",
                "now_shown": labels.shown(now[key]) if key in now else "—",
            }
            for key in sorted(before.keys() | now.keys(), key=str)
            if key not in before or key not in now or before[key]["value"] != now[key]["value"]
        ]


def _values(row: RoundRow) -> dict[tuple[str, str, int | None], Mapping[str, Any]]:
    return {(fact["code"], fact["product"], fact["year"]): fact for fact in row.facts}


def _conditions(plans: Sequence[GuardPlan], missing: Sequence[Problem]) -> list[dict[str, Any]]:
    """The level's conditions in the policy's order, each with what is still missing."""
    return [
        {
            "code": plan.code,
            "label": GUARD_NAMES.get(plan.code, plan.code),
            "article": plan.article,
            "missing": [one.detail for one in missing if one.code == plan.code],
        }
        for plan in plans
    ]


def _sheet(dossier: Dossier) -> dict[str, Any] | None:
    sheet = dossier.sheet
    if sheet is None:
        return None
    return {
        "revision": sheet.revision,
        "outcome": sheet.outcome,
        "basis": sheet.basis,
        "total": decimal_text(sheet.total) if sheet.total is not None else None,
        "band": sheet.band,
        "reasons": list(sheet.reasons),
        "lines": [
            {
                "indicator": line.indicator,
                "name": line.name,
                "dimension": line.dimension,
                "state": line.state,
                "points": decimal_text(line.points) if line.points is not None else None,
                "weight": decimal_text(line.weight),
                "value": line.value,
                "unit": line.unit,
                "lead": line.lead,
                "baseline": line.baseline,
                "branch": line.branch,
                "reason": line.reason,
            }
            for line in sheet.lines
        ],
    }


def _average(case: Case, dossier: Dossier, policies: Policies) -> dict[str, Any] | None:
    """Shown with date and count (N25-avg)."""
    authority = guards.average_for(case.route, dossier)
    if not authority:
        return None
    average = dossier.averages[authority]
    return {
        "authority_name": policies.authority_name(authority),
        "points": decimal_text(average.points),
        "count": average.count,
        "population_at": average.population_at,
    }


def _case(row: CaseRow, content: RoundRow, stages: Sequence[StageRow]) -> Case:
    """The case as read, without lock and people: nothing is decided on it."""
    route = route_from_json(content.route)
    plans = {plan.stage_no: plan for plan in route.stages}
    return Case(
        id=row.submission_id,
        unit_id=row.unit_id,
        campaign_id=row.campaign_id,
        category=row.category,
        kind=row.kind,
        year=row.year,
        state=CaseState(row.state),
        round=row.round,
        version=row.version,
        route=route,
        stages=[
            Stage(
                plans[one.stage_no],
                StageState(one.state),
                one.reason,
                list(one.substates),
                one.decided_at,
                one.decided_by,
            )
            for one in stages
        ],
        outcome=Outcome(row.outcome) if row.outcome else None,
        barred=row.barred,
    )
