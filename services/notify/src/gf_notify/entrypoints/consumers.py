"""What notify hears: one process that raises notices, one projection that knows whose a unit is."""

from __future__ import annotations

from typing import Any

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event, Subscription
from gf_notify.adapters import contracts
from gf_notify.adapters.names import Names
from gf_notify.domain.notices import to_authority, to_unit
from gf_notify.usecases.follow_unit import follow_unit
from gf_notify.usecases.raise_notices import RaiseNotices
from gf_notify.usecases.tell_progress import TellProgress
from gf_notify.usecases.tell_publicity import TellPublicity
from gf_notify.usecases.tell_standing import TellStanding

NOTICES, ADDRESSES = "notify.notices", "notify.addresses"


def subscriptions(
    raise_notices: RaiseNotices, progress: TellProgress, publicity: TellPublicity, standing: TellStanding, names: Names
) -> tuple[Subscription, ...]:
    async def progressed(uow: UnitOfWork, event: Event) -> None:
        await progress(uow, event, contracts.progress(event.message))

    async def publicity_changed(uow: UnitOfWork, event: Event) -> None:
        await publicity(uow, event, contracts.publicity(event.message))

    notices: dict[Any, Any] = {
        **_submissions(raise_notices),
        **_cases(raise_notices, names),
        **_lists(raise_notices, standing),
        contracts.CaseProgressed: progressed,
        contracts.PublicityChanged: publicity_changed,
        contracts.MembershipChanged: standing.membership,
        contracts.BarChanged: standing.bar,
        contracts.ObligationChanged: standing.obligation,
        contracts.IncidentForwarded: standing.incident,
    }
    return (
        Subscription(NOTICES, "process", tuple(contracts.all_topics()), notices),
        Subscription(ADDRESSES, "projection", (contracts.UNITS,), {contracts.UnitChanged: _unit_changed}),
    )


async def _unit_changed(uow: UnitOfWork, event: Event) -> None:
    await follow_unit(uow, contracts.unit(event.message))


def _submissions(raise_notices: RaiseNotices) -> dict[Any, Any]:
    async def admitted(uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        words = {"number": m.number, "round": str(m.round), "at": contracts.moment(m.admitted_at)}
        await raise_notices(uow, event, [to_unit("received", m.unit.unit_id, m.submission_id, **words)])

    return {contracts.SubmissionAdmitted: admitted}


def _cases(raise_notices: RaiseNotices, names: Names) -> dict[Any, Any]:
    async def returned(uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        words = {
            "round": str(m.round),
            "reason": m.reason or "—",
            "findings": contracts.findings(m, names.place) or "见审核意见",
            "until": contracts.last_day(m.term_ends_at),
        }
        await raise_notices.about_case(uow, event, "returned", m.submission_id, words)

    async def withdrawal_answered(uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        template = "withdrawal_granted" if m.granted else "withdrawal_refused"
        await raise_notices.about_case(uow, event, template, m.submission_id, {"reason": m.reason or "—"})

    async def closed(uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        outcome = contracts.outcome(m)
        words = {"reason": m.reason or "—", "article": m.article or "—", "round": str(m.round)}
        words["why"] = names.end(m.ground) or m.reason or "—"
        await raise_notices(uow, event, [to_unit(outcome, m.unit_id, m.submission_id, **words)])

    return {
        contracts.CaseReturned: returned,
        contracts.WithdrawalAnswered: withdrawal_answered,
        contracts.CaseClosed: closed,
    }


def _lists(raise_notices: RaiseNotices, standing: TellStanding) -> dict[Any, Any]:
    async def ranked(uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        if m.bottom:
            words = {"year": str(m.year), "points": contracts.points(m.points), "streak": str(m.streak)}
            await raise_notices(uow, event, [to_unit("bottom_risk", m.unit_id, **words)])
        elif m.warned:
            words = {"year": str(m.year), "points": contracts.points(m.points), "place": str(m.place)}
            await raise_notices(uow, event, [to_unit("bottom_warning", m.unit_id, **words)])

    async def edition_published(uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        words = {
            "list": standing.list_name(m.list_id),
            "year": str(m.year),
            "number": str(m.number),
            "document": m.document,
            "listed": str(m.listed),
            "added": str(m.added),
            "removed": str(m.removed),
        }
        authority = m.list_id.split(":")[1]
        await raise_notices(uow, event, [to_authority("edition_published", authority, "reviewer", **words)])

    return {contracts.UnitRanked: ranked, contracts.EditionPublished: edition_published}
