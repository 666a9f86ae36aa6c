"""Lists of callers who have no unit: nothing, and no query whose joins fell away."""

from __future__ import annotations

import warnings

import pytest
from sqlalchemy.exc import SAWarning

from gf_chassis.identity import Principal
from gf_intake.usecases import read_submissions, read_units
from services.intake.tests.world import World

pytestmark = [pytest.mark.db, pytest.mark.rule("used-by")]


@pytest.mark.parametrize(
    "person",
    [
        Principal("operator", roles=frozenset({"operator"})),
        Principal("newcomer", roles=frozenset({"applicant"})),
        Principal("nowhere", roles=frozenset({"partner", "reviewer"})),
    ],
    ids=lambda one: one.subject,
)
async def test_nothing_and_no_product_of_tables(world: World, person: Principal) -> None:
    await world.submitted(await world.campaign())
    asked = {"campaign_id": None, "unit_id": None, "state": None, "number": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error", SAWarning)
        async with world.intake.database.reading() as session:
            forms = await read_submissions.list_submissions(
                session, person, world.intake.policies, limit=20, cursor=None, **asked
            )
            units = await read_units.list_units(
                session, person, world.intake.policies, limit=20, cursor=None, uscc=None, category=None
            )
    assert (forms["items"], units["items"]) == ([], [])
