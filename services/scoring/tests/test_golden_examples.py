"""The golden examples of the contracts, read as scoring reads and writes them."""

from __future__ import annotations

import pytest

from gf_proto import Example, examples
from gf_scoring.adapters import contracts
from gf_scoring.domain.engine import Branch

READ = {
    "greenladder.intake.v1.SubmissionAdmitted": contracts.subject_of,
    "greenladder.intake.v1.CampaignChanged": contracts.campaign_of,
    "greenladder.review.v1.AssessmentRecorded": contracts.assessment_of,
    "greenladder.review.v1.CaseProgressed": contracts.case_of,
    "greenladder.registry.v1.MembershipChanged": contracts.membership_of,
}


@pytest.mark.parametrize("event", READ)
def test_scoring_reads_what_the_others_send(event: str) -> None:
    found = list(examples(event))
    assert found
    for example in found:
        READ[event](example.message)


@pytest.mark.parametrize("example", list(examples("greenladder.scoring.v1.SubmissionScored")), ids=lambda e: e.name)
def test_what_scoring_sends_says_no_more_and_no_less(example: Example) -> None:
    sheet = contracts.scored_from(example.payload)
    # A line without points may leave its branch open.
    branches = {branch.code for branch in Branch} | {""}
    assert {line.branch for line in sheet.lines} <= branches
