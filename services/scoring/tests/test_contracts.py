"""The event of a sheet: put together from bytes, equal to the message set field by field."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from gf_chassis.errors import Poison
from gf_scoring.adapters import contracts
from gf_scoring.domain.engine import MISSING, NOT_APPLICABLE, Scorer
from gf_scoring.domain.numbers import whole
from gf_scoring.domain.sheets import Assessment, Sheet, Subject, Table, draw_up, input_hash
from greenladder.common.v1.common_pb2 import Fact, PolicyRef, Presence, UnitSnapshot
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from greenladder.scoring.v1 import sheets_pb2 as pb
from services.scoring.tests.sample import factory_facts, general_levels, national
from services.scoring.tests.world import fact

SUBJECT = Subject(
    submission_id="01890000-0000-7000-8000-00000000000a",
    round=1,
    unit_id="01890000-0000-7000-8000-00000000000b",
    uscc="",
    category="factory",
    kind="application",
    campaign_id="01890000-0000-7000-8000-00000000000c",
    year=2025,
    superior="cq.yubei",
    key_industry="",
    base="national/2025/n25",
)
FORM = SubmissionAdmitted(
    submission_id=SUBJECT.submission_id,
    round=1,
    unit=UnitSnapshot(unit_id=SUBJECT.unit_id, category="factory", superior_authority="cq.yubei"),
    campaign_id=SUBJECT.campaign_id,
    kind="application",
    year=2025,
    policies=[PolicyRef(id="national/2025/n25")],
    facts=[fact(key, value) for key, value in factory_facts().items()],
)


def sheet(levels: bool = True) -> Sheet:
    scorer = Scorer(national(), general_levels() if levels else {}, 2025)
    table = Table(scorer, None, "b" * 64, "", "按通则评分。")
    score = scorer.score_values(contracts.FactReader(scorer)(FORM))
    return draw_up(SUBJECT, table, score, None, input_hash(contracts.bytes_of(FORM), None), number=1, revision=1)


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
        engine_version="2",
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


def read(*rows: Fact) -> list[object]:
    """The values of these rows alone, as the table reads them."""
    scorer = Scorer(national(), general_levels(), 2025)
    return list(contracts.FactReader(scorer)(SubmissionAdmitted(facts=rows)))


def test_the_reader_of_events_and_the_engines_own_reader_agree() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    assert contracts.FactReader(scorer)(FORM) == scorer.read(factory_facts())
    chance = random.Random(7)
    for _ in range(300):
        facts = {}
        for key, value in factory_facts().items():
            kind = chance.randrange(8)
            unit = "斤" if kind == 0 and isinstance(value, str) and value[0].isdigit() else key[2]
            if kind != 1:
                facts[key[0], key[1], unit] = {2: MISSING, 3: NOT_APPLICABLE}.get(kind, value)
        message = SubmissionAdmitted(facts=[fact(key, value) for key, value in facts.items()])
        assert contracts.FactReader(scorer)(message) == scorer.read(facts)


def test_rows_of_a_product_are_not_the_units_own() -> None:
    of_a_product = fact(("energy_total", 2024, "tce"), "1")
    of_a_product.product = "熟料"
    assert read(of_a_product) == read()


@pytest.mark.parametrize(
    "value", ["1e5", "NaN", "１", "1_000", "+1", " 1", "1.", ".5", "9" * 19, "0." + "1" * 13, "1\n2"]
)
def test_what_is_no_plain_decimal_is_poison(value: str) -> None:
    row = Fact(code="energy_total", year=2024, unit="tce", presence=Presence.PRESENCE_GIVEN, decimal=value)
    with pytest.raises(Poison):
        read(row, fact(("output_value", 2024, "万元"), "1"))


def test_a_value_given_without_a_value_is_poison() -> None:
    with pytest.raises(Poison):
        read(Fact(code="energy_total", year=2024, unit="tce", presence=Presence.PRESENCE_GIVEN))


@pytest.mark.parametrize("field", ["submission_id", "campaign_id"])
@pytest.mark.parametrize(
    "value", ["", "x", "01890000-0000-7000-8000-00000000000G", "{01890000-0000-7000-8000-00000000000a}"]
)
def test_what_is_no_id_is_poison(field: str, value: str) -> None:
    message = SubmissionAdmitted()
    message.CopyFrom(FORM)
    setattr(message, field, value)
    with pytest.raises(Poison):
        contracts.subject_of(message)


def test_the_input_hash_covers_form_marks_and_ruling() -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    hashes = {
        input_hash(b"form", None),
        input_hash(b"other", None),
        input_hash(b"form", Assessment({}, "", "p", "r", at)),
        input_hash(b"form", Assessment({"green_design": "6"}, "", "p", "r", at)),
        input_hash(b"form", Assessment({"green_design": "6"}, "cement", "p", "r", at)),
    }
    assert len(hashes) == 5
    # Who marked and why is on the record, but is no input of the points.
    one, other = Assessment({}, "", "p", "r", at), Assessment({}, "", "q", "s", at)
    assert input_hash(b"form", one) == input_hash(b"form", other)
