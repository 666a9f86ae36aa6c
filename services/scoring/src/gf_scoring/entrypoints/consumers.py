"""What scoring listens to. Making sheets is a process and is never rebuilt; the views are projections and can be."""

from __future__ import annotations

from gf_chassis.events import Subscription
from gf_scoring.usecases.follow_campaign import follow_campaign
from gf_scoring.usecases.follow_case import follow_case
from gf_scoring.usecases.follow_case_end import follow_case_end
from gf_scoring.usecases.follow_membership import follow_membership
from gf_scoring.usecases.follow_totals import follow_totals
from gf_scoring.usecases.follow_unit import follow_unit
from gf_scoring.usecases.reassess_submission import ReassessSubmission
from gf_scoring.usecases.score_submissions import ScoreSubmissions
from greenladder.intake.v1.campaigns_pb2 import CampaignChanged, CampaignClosed
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from greenladder.intake.v1.units_pb2 import UnitChanged
from greenladder.registry.v1.standings_pb2 import MembershipChanged
from greenladder.review.v1.cases_pb2 import AssessmentRecorded, CaseClosed, CaseProgressed


def subscriptions(score: ScoreSubmissions, reassess: ReassessSubmission) -> tuple[Subscription, ...]:
    return (
        Subscription(
            group="scoring.sheets",
            kind="process",
            topics=("intake.submissions", "review.cases"),
            handlers={SubmissionAdmitted: score.one, AssessmentRecorded: reassess},
            batch_handlers={SubmissionAdmitted: score},
        ),
        Subscription(
            group="scoring.views",
            kind="projection",
            topics=("intake.campaigns", "review.cases", "registry.standings"),
            handlers={
                CampaignChanged: follow_campaign,
                CaseProgressed: follow_case,
                MembershipChanged: follow_membership,
            },
        ),
        # What rankings wait for; a group of its own, so that it reads these topics from their beginning.
        Subscription(
            group="scoring.population",
            kind="projection",
            topics=("intake.campaigns", "intake.units", "review.cases"),
            handlers={CampaignClosed: follow_totals, UnitChanged: follow_unit, CaseClosed: follow_case_end},
        ),
    )
