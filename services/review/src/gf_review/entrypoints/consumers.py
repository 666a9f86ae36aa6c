"""What review hears: one small function per event, from the message to the use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_policy import PolicyError, PolicyLookupError
from gf_review.adapters.contracts import incoming
from gf_review.adapters.tables import AverageRow, BarRow, CampaignRow, MembershipRow, SheetRow, UnitRow
from gf_review.domain.errors import DomainError
from gf_review.usecases.answer_withdrawal import AnswerWithdrawal
from gf_review.usecases.apply_bar import ApplyBar
from gf_review.usecases.attach_sheet import AttachSheet
from gf_review.usecases.drop_case import DropCase
from gf_review.usecases.keep_reference import KeepReference
from gf_review.usecases.open_case import OpenCase

#: Submissions, sheets and standings move cases; the rest is reference data and must not wait behind them.
CASES_GROUP = "review.cases"
REFERENCE_GROUP = "review.reference"


@dataclass(frozen=True)
class Consumers:
    open_case: OpenCase
    answer_withdrawal: AnswerWithdrawal
    drop_case: DropCase
    attach_sheet: AttachSheet
    apply_bar: ApplyBar
    keep_reference: KeepReference

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(
                CASES_GROUP,
                "process",
                ("intake.submissions", "scoring.sheets", "registry.standings"),
                {
                    incoming.SubmissionAdmitted: _refused_is_poison(self.submission_admitted),
                    incoming.WithdrawalRequested: _refused_is_poison(self.withdrawal_requested),
                    incoming.SubmissionDropped: _refused_is_poison(self.submission_dropped),
                    incoming.SubmissionScored: self.submission_scored,
                    incoming.BarChanged: self.bar_changed,
                    incoming.MembershipChanged: self.membership_changed,
                },
            ),
            Subscription(
                REFERENCE_GROUP,
                "process",
                ("intake.units", "intake.campaigns", "scoring.rankings"),
                {
                    incoming.UnitChanged: self.unit_changed,
                    incoming.CampaignChanged: self.campaign_changed,
                    incoming.RankingClosed: self.ranking_closed,
                },
            ),
        ]

    async def submission_admitted(self, uow: UnitOfWork, event: Event) -> None:
        await self.open_case(uow, incoming.admission(event.message))

    async def withdrawal_requested(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        await self.answer_withdrawal(uow, message.submission_id, message.round, message.reason)

    async def submission_dropped(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        await self.drop_case(uow, message.submission_id, message.round, incoming.drop_reason(message.reason))

    async def submission_scored(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        sheet = SheetRow(
            submission_id=message.submission_id,
            round=message.round,
            revision=message.revision,
            outcome=incoming.sheet_outcome(message),
            basis=incoming.sheet_basis(message),
            total=incoming.decimal(message.total) if message.HasField("total") else None,
            band=message.band if message.HasField("band") else "",
            lines=incoming.sheet_lines(message),
            reasons=list(message.reasons),
            ruleset=f"{message.ruleset_id}@{message.ruleset_version}",
            benchmark=message.benchmark_set_id,
            received_at=await uow.now(),
        )
        await self.attach_sheet(uow, sheet)

    async def bar_changed(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        bar = BarRow(
            bar_id=message.bar_id,
            unit_id=message.unit_id,
            state=incoming.bar_state(message.state),
            ground=message.ground,
            article=message.article,
            since=getattr(message, "from"),
            until=message.until if message.HasField("until") else "",
            reason=message.reason,
            source=message.source,
        )
        await self.apply_bar(uow, bar)

    async def membership_changed(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        state = incoming.membership_state(message.state)
        known = await uow.session.get(MembershipRow, (message.unit_id, message.list_id))
        # A refusal ends the membership it names; with another id a listing did not come about and all stays as it was.
        if state == "refused" and (known is None or known.membership_id != message.membership_id):
            return
        row = MembershipRow(
            unit_id=message.unit_id,
            list_id=message.list_id,
            state=state,
            effective=message.effective,
            membership_id=message.membership_id,
        )
        await self.keep_reference(uow, [row])

    async def unit_changed(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        row = UnitRow(
            unit_id=message.unit.unit_id,
            profile_version=message.unit.profile_version,
            name=message.unit.name,
            state=incoming.unit_state(message.state),
            superior=message.unit.superior_authority,
        )
        await self.keep_reference(uow, [row])

    async def campaign_changed(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        row = CampaignRow(
            campaign_id=message.campaign_id,
            name=message.name,
            year=message.year,
            state=incoming.campaign_state(message.state),
            windows=incoming.window_rows(message.windows),
            extensions=incoming.extension_rows(message.extensions),
        )
        await self.keep_reference(uow, [row])

    async def ranking_closed(self, uow: UnitOfWork, event: Event) -> None:
        message: Any = event.message
        await self.keep_reference(
            uow,
            [
                AverageRow(
                    authority=average.authority,
                    category=average.category,
                    year=message.year,
                    run_id=message.run_id,
                    points=incoming.decimal(average.points),
                    count=average.count,
                    population_at=incoming.instant(message.population_at),
                )
                for average in message.averages
            ],
        )


def _refused_is_poison(
    handler: Callable[[UnitOfWork, Event], Awaitable[None]],
) -> Callable[[UnitOfWork, Event], Awaitable[None]]:
    """An event the rules refuse will be refused again: it is held until someone settles it."""

    async def handle(uow: UnitOfWork, event: Event) -> None:
        try:
            await handler(uow, event)
        except (DomainError, PolicyLookupError, PolicyError) as error:
            raise Poison(str(error)) from error

    return handle
