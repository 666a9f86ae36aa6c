"""What intake listens to. A process changes submissions; the projections can be rebuilt."""

from datetime import date
from typing import Any
from uuid import UUID

from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_chassis.ids import parse_id
from gf_intake.adapters import contracts
from gf_intake.adapters.tables import AgencyRow, BarRow, EditionRow, MembershipRow
from gf_intake.usecases import follow_case, project_case, project_standing


async def on_withdrawal_answered(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    await follow_case.answer_withdrawal(
        uow, _id(message.submission_id), message.round, granted=message.granted, reason=message.reason
    )


async def on_case_returned(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    await follow_case.return_for_correction(
        uow,
        _id(message.submission_id),
        message.round,
        stage_no=message.stage_no,
        findings=contracts.findings_of(message),
        reason=message.reason,
        term_ends_at=contracts.instant(message.term_ends_at),
    )


async def on_case_closed(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    await follow_case.close_submission(
        uow,
        _id(message.submission_id),
        message.round,
        outcome=contracts.CASE_OUTCOME[message.outcome],
        ground=message.ground,
        article=message.article,
        reason=message.reason,
    )


async def on_case_progressed(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    await project_case.project_case(
        uow,
        _id(message.submission_id),
        round_=message.round,
        case_version=message.case_version,
        state=contracts.CASE_STATE[message.state],
        stages=contracts.stages_of(message),
    )


async def on_membership_changed(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    await project_standing.project_membership(
        uow,
        MembershipRow(
            unit_id=_id(message.unit_id),
            list_id=message.list_id,
            membership_id=message.membership_id,
            state=contracts.MEMBERSHIP_STATE[message.state],
            effective=message.effective,
            number=event.number,
        ),
    )


async def on_bar_changed(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    until = getattr(message, "until", "")
    await project_standing.project_bar(
        uow,
        BarRow(
            unit_id=_id(message.unit_id),
            bar_id=message.bar_id,
            state=contracts.BAR_STATE[message.state],
            ground=message.ground,
            article=message.article,
            reason=message.reason,
            # "from" is a keyword of Python, so the field is read by name.
            valid_from=_day(getattr(message, "from")),
            valid_until=_day(until) if until else None,
        ),
    )


async def on_agency_changed(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    distrusted = message.distrusted_until if message.HasField("distrusted_until") else ""
    await project_standing.project_agency(
        uow,
        AgencyRow(
            id=message.agency_id,
            name=message.name,
            uscc=message.uscc if message.HasField("uscc") else None,
            representative_id=message.representative_id,
            distrusted_until=_day(distrusted) if distrusted else None,
        ),
    )


async def on_edition_published(uow: UnitOfWork, event: Event) -> None:
    message: Any = event.message
    await project_standing.project_edition(
        uow,
        EditionRow(
            list_id=message.list_id,
            edition_id=message.edition_id,
            year=message.year,
            number=message.number,
            effective=message.effective,
            digest=message.digest,
        ),
    )


def subscriptions() -> list[Subscription]:
    """One process, two projections."""
    return [
        Subscription(
            "intake",
            "process",
            (contracts.CASES,),
            {
                contracts.WithdrawalAnswered: on_withdrawal_answered,
                contracts.CaseReturned: on_case_returned,
                contracts.CaseClosed: on_case_closed,
            },
        ),
        Subscription("intake-cases", "projection", (contracts.CASES,), {contracts.CaseProgressed: on_case_progressed}),
        Subscription(
            "intake-standings",
            "projection",
            (contracts.STANDINGS, contracts.AGENCIES, contracts.EDITIONS),
            {
                contracts.MembershipChanged: on_membership_changed,
                contracts.BarChanged: on_bar_changed,
                contracts.AgencyChanged: on_agency_changed,
                contracts.EditionPublished: on_edition_published,
            },
        ),
    ]


def _id(text: str) -> UUID:
    found = parse_id(text)
    if found is None:
        raise Poison(f"not an id: {text[:60]!r}")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Poison(f"not a date: {text[:20]!r}") from None
