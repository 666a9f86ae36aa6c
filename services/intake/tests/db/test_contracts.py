"""The golden examples: what intake listens to is understood, what it publishes looks like its examples."""

from typing import Any

import pytest
from google.protobuf.message import Message

import gf_proto
from services.intake.tests.world import World, applicant

pytestmark = pytest.mark.db
LISTENED = (
    "greenladder.review.v1.CaseProgressed",
    "greenladder.review.v1.CaseReturned",
    "greenladder.review.v1.WithdrawalAnswered",
    "greenladder.review.v1.CaseClosed",
    "greenladder.registry.v1.MembershipChanged",
    "greenladder.registry.v1.BarChanged",
    "greenladder.registry.v1.AgencyChanged",
    "greenladder.registry.v1.EditionPublished",
)
KEYS = {
    "MembershipChanged": "unit_id",
    "BarChanged": "unit_id",
    "AgencyChanged": "agency_id",
    "EditionPublished": "list_id",
}


def fields(message: Message, prefix: str = "") -> set[str]:
    """Paths of the fields that are set."""
    found: set[str] = set()
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        found.add(path)
        if field.message_type is not None:
            for one in value if field.is_repeated else [value]:
                found |= fields(one, f"{path}.")
    return found


async def test_what_intake_listens_to_is_understood_in_any_state(world: World) -> None:
    """Also about submissions and units intake does not know (yet)."""
    seen = 0
    for event in LISTENED:
        for example in gf_proto.examples(event):
            short = event.rpartition(".")[2]
            key = getattr(example.message, KEYS.get(short, "submission_id"))
            topic = next(topic.name for topic in gf_proto.TOPICS.values() if event in topic.events)
            await world.event(topic, key, example.message)
            seen += 1
    assert seen >= len(LISTENED)
    assert await world.rows("select 1 from case_stage")
    assert await world.rows("select 1 from membership")
    assert await world.rows("select 1 from bar")
    assert await world.rows("select 1 from edition")


async def test_what_intake_publishes_is_like_its_examples(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    who = applicant(unit["uscc"])
    await world.call(who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": "数据有误"})
    await world.answered(form["id"], granted=True)
    await world.call(who, "POST", f"/submissions/{form['id']}/drop", {"reason": ""})
    messages: dict[str, Any] = {}
    for key in (unit["id"], campaign, form["id"]):
        messages |= {kind: message for _, kind, message in await world.published(key)}
    for kind in ("UnitChanged", "CampaignChanged", "SubmissionAdmitted", "WithdrawalRequested", "SubmissionDropped"):
        event = messages[kind].DESCRIPTOR.full_name
        always = set.intersection(*(fields(example.message) for example in gf_proto.examples(event)))
        # Fields that depend on the case are not in every example; what is in all of them, intake sends too.
        optional = {"unit.key_industry", "warnings", "extensions"}
        missing = {path for path in always - fields(messages[kind]) if not path.startswith(tuple(optional))}
        assert not missing, (kind, missing)
