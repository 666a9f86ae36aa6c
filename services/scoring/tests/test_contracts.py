"""The event of a sheet: put together from bytes, equal to the message set field by field."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from gf_chassis.errors import Poison
from gf_scoring.adapters import contracts
from gf_scoring.domain.engine import NOT_APPLICABLE, Scorer
from gf_scoring.domain.numbers import whole
from gf_scoring.domain.sheets import Assessment, Sheet, Subject, Table, draw_up
from greenladder.common.v1.common_pb2 import Fact, Presence
from greenladder.scoring.v1 import sheets_pb2 as pb
from services.scoring.tests.sample import factory_facts, general_levels, national
from services.scoring.tests.world import fact

SUBJECT = Subject(
    submission_id=UUID("01890000-0000-7000-8000-00000000000a"),
    round=1,
    unit_id=UUID("01890000-0000-7000-8000-00000000000b"),
    uscc="",
    category="factory",
    kind="application",
    campaign_id=UUID("01890000-0000-7000-8000-00000000000c"),
    year=2025,
    superior="cq.yubei",
    key_industry="",
    base="national/2025/n25",
)
ROWS = [fact(key, value) for key, value in factory_facts().items()]


def sheet(levels: bool = True) -> Sheet:
    table = Table(Scorer(national(), general_levels() if levels else {}, 2025), None, "b" * 64, "", "按通则评分。")
    stored = contracts.facts_bytes(ROWS)
    return draw_up(SUBJECT, contracts.facts_of(ROWS), stored, table, None, number=1, revision=1)


@pytest.mark.parametrize("levels", [True, False])
def test_the_bytes_are_the_message(levels: bool) -> None:
    drawn = sheet(levels)
    event = contracts.scored_from(contracts.Publisher().payload(drawn))
    assert drawn.score is not None
    expected = pb.SubmissionScored(
        submission_id=str(SUBJECT.submission_id),
        round=1,
        revision=1,
        basis=pb.BASIS_CLAIMED,
        outcome=pb.OUTCOME_SCORED if levels else pb.OUTCOME_NOT_SCORABLE,
        reasons=drawn.reasons,
        ruleset_id=national().id,
        ruleset_version=national().version,
        ruleset_hash=national().hash,
        benchmark_hash="b" * 64,
        input_hash=drawn.input_hash,
        engine_version="1",
    )
    if levels:
        expected.total = event.total
    for line, indicator in zip(drawn.score.lines, national().indicators, strict=True):
        given = expected.lines.add(
            indicator=indicator.code,
            state=contracts._LINE_STATES[line.branch.state],
            weight=str(indicator.weight),
            unit=indicator.unit,
            branch=line.branch.code,
            reason=line.branch.words,
            dimension=indicator.dimension,
            name=indicator.name,
        )
        level = indicator.fixed and (indicator.fixed.lead, indicator.fixed.baseline)
        level = level or (general_levels().get(indicator.code) if levels else None)
        if level:
            given.lead, given.baseline = (contracts.plain(whole(str(one)), 12) for one in level)
        if line.points is not None:
            given.points = contracts.plain(line.points, 12)
        if line.value is not None:
            given.value = contracts.plain(line.value, 12)
    assert event == expected


def test_facts_go_to_the_contract_and_back() -> None:
    assert contracts.facts_of(contracts.facts_from(contracts.facts_bytes(ROWS))) == factory_facts()
    absent = fact(("water_reuse", 2024, "m3"), NOT_APPLICABLE)
    assert contracts.facts_of([absent]) == {("water_reuse", 2024, "m3"): NOT_APPLICABLE}
    of_a_product = Fact(code="product_output", product="熟料", presence=Presence.PRESENCE_GIVEN, decimal="1")
    assert contracts.facts_of([of_a_product]) == {}


@pytest.mark.parametrize("value", ["1e5", "NaN", "１", "1_000", "+1", " 1", "1.", ".5", "9" * 19, "0." + "1" * 13])
def test_what_is_no_plain_decimal_is_poison(value: str) -> None:
    with pytest.raises(Poison):
        contracts.facts_of([Fact(code="x", presence=Presence.PRESENCE_GIVEN, decimal=value)])


def test_the_input_hash_covers_facts_marks_and_ruling() -> None:
    stored = contracts.facts_bytes(ROWS)

    def drawn(assessment: Assessment | None, facts: bytes = stored) -> str:
        return draw_up(SUBJECT, {}, facts, None, assessment, number=1, revision=1).input_hash

    at = datetime(2025, 1, 1, tzinfo=UTC)
    hashes = {
        drawn(None),
        drawn(None, stored + b"x"),
        drawn(Assessment({}, "", "p", "r", at)),
        drawn(Assessment({"green_design": "6"}, "", "p", "r", at)),
        drawn(Assessment({"green_design": "6"}, "cement", "p", "r", at)),
    }
    assert len(hashes) == 5
    # Who marked and why is on the record, but is no input of the points.
    assert drawn(Assessment({}, "", "p", "r", at)) == drawn(Assessment({}, "", "q", "s", at))
