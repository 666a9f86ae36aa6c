"""The engine against published vectors, against an oracle with fractions, and its properties."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gf_scoring.domain.engine import MISSING, NOT_APPLICABLE, Absent, Branch, Line, Scorer, reads
from gf_scoring.domain.numbers import half_up, plain, whole
from services.scoring.tests import oracle
from services.scoring.tests.sample import factory_facts, general_levels, national, one_line, only
from services.scoring.tests.tables import FORMS, exact, facts_of, levels_of, ruleset, situation


def points_of(kind: str, lead: str, baseline: str, weight: str, value: str) -> str | None:
    ruleset = one_line(kind, weight)
    scorer = Scorer(ruleset, {"only": (Decimal(lead), Decimal(baseline))}, 2025)
    points = scorer.score(only(value)).lines[0].points
    return None if points is None else plain(points, ruleset.scale)


# Clinker by GB 16780-2021, converter steel with negative limits, coke whose level 1 equals its level 2,
# platform functions, water of steel works, reuse rate.
VECTORS = [
    *(("inverse", "100", "107", "8", x, p) for x, p in (("99", "8"), ("100", "8"), ("103", "4.571428571429"))),
    *(("inverse", "100", "107", "8", x, "0") for x in ("107", "117")),
    *(("inverse", "-30", "-28", "8", x, p) for x, p in (("-31", "8"), ("-29", "4"), ("-28", "0"), ("-12", "0"))),
    *(("inverse", "110", "110", "8", x, p) for x, p in (("110", "8"), ("110.01", "0"))),
    *(
        ("positive", "8", "0", "6", x, p)
        for x, p in (("0", "0"), ("1", "0.75"), ("5", "3.75"), ("7", "5.25"), ("8", "6"), ("12", "6"))
    ),
    *(("inverse", "3.1", "4.8", "8", x, p) for x, p in (("3.95", "4"), ("4.8", "0"))),
    ("positive", "92.22", "80", "4", "86.11", "2"),
]


@pytest.mark.rule("N25-A1")
@pytest.mark.parametrize(("kind", "lead", "baseline", "weight", "value", "expected"), VECTORS)
def test_published_vectors(kind: str, lead: str, baseline: str, weight: str, value: str, expected: str) -> None:
    assert points_of(kind, lead, baseline, weight, value) == expected


@pytest.mark.rule("N25-A1")
def test_without_lead_or_baseline_a_line_is_not_scorable_and_neither_zero_nor_full() -> None:
    score = Scorer(one_line("inverse"), {}, 2025).score(only("1"))
    assert score.lines == [Line(Branch.MISSING_BENCHMARK, None, 10**12)]
    assert not score.scorable
    assert score.total is None


@pytest.mark.rule("N25-A1")
def test_equal_lead_and_baseline_of_a_positive_line() -> None:
    assert points_of("positive", "80", "80", "4", "80") == "4"
    assert points_of("positive", "80", "80", "4", "79.999999999999") == "0"


def test_rounding_is_half_up_once() -> None:
    # 1/3 of the way in thirds of 10^-12: ...6666 goes up, ...3333 down.
    assert points_of("positive", "3", "0", "1", "2") == "0.666666666667"
    assert points_of("positive", "3", "0", "1", "1") == "0.333333333333"
    # Exactly half a unit of the last digit goes up.
    assert points_of("positive", "2000000000000", "0", "1", "1") == "0.000000000001"
    assert half_up(-5, 2) == -3
    assert half_up(5, 2) == 3


@pytest.mark.rule("N25-A1")
def test_the_national_table_has_the_weights_of_annex_1() -> None:
    assert [int(i.weight) for i in national().indicators] == [8, 8, 8, 6, 8, 8, 8, 6, 6, 4, 6, 8, 8, 8]
    assert [int(d.weight) for d in national().dimensions] == [30, 30, 16, 16, 8]
    assert [i.number for i in national().indicators] == list(range(1, 15))


@pytest.mark.rule("N25-A1")
def test_functions_are_counted_as_a_set_against_the_printed_lead() -> None:
    facts = factory_facts()
    facts[("ecms_functions", 0, "")] = ("query", "query", "unheard_of", "flow")
    line = Scorer(national(), {}, 2025).score(facts).lines[3]
    assert line == Line(Branch.BETWEEN, 15 * 10**11, 2 * 10**12)


@pytest.mark.rule("N25-evid")
def test_qualitative_lines_wait_for_a_mark_and_are_never_full_for_an_upload() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    claimed = scorer.score(factory_facts())
    waiting = [i.code for i, line in zip(national().indicators, claimed.lines, strict=True) if line.points is None]
    assert waiting == ["advanced_process", "green_design", "product_footprint"]
    assert claimed.scorable
    marked = scorer.score(factory_facts(), {"green_design": "5.5", "product_footprint": "8.01"})
    by_code = dict(zip((i.code for i in national().indicators), marked.lines, strict=True))
    assert by_code["green_design"] == Line(Branch.MARK, 55 * 10**11, None)
    assert by_code["product_footprint"].branch is Branch.MARK_OUT_OF_RANGE
    assert marked.total is not None
    assert claimed.total is not None
    assert marked.total - claimed.total == 55 * 10**11


@pytest.mark.rule("DM-units")
def test_a_value_in_an_unknown_unit_is_refused_and_not_guessed() -> None:
    facts = factory_facts()
    facts[("energy_total", 2024, "斤标准煤")] = facts.pop(("energy_total", 2024, "tce"))
    score = Scorer(national(), general_levels(), 2025).score(facts)
    assert score.lines[0].branch is Branch.WRONG_UNIT
    assert score.lines[0].points is None


def test_missing_zero_and_negative_denominators_are_named() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    for output, branch in (("0", Branch.ZERO_DENOMINATOR), ("-1", Branch.NEGATIVE_DENOMINATOR)):
        facts = factory_facts() | {("output_value", 2024, "万元"): output}
        assert scorer.score(facts).lines[0].branch is branch
    assert scorer.score(factory_facts() | {("output_value", 2024, "万元"): MISSING}).lines[0].branch is (
        Branch.MISSING_VALUE
    )


def test_a_rate_above_one_hundred_percent_is_out_of_range() -> None:
    facts = factory_facts() | {("solid_waste_used", 2024, "t"): "900"}
    assert Scorer(national(), general_levels(), 2025).score(facts).lines[7].branch is Branch.OUT_OF_RANGE


def test_what_does_not_apply_is_taken_out_and_the_rest_scaled_to_the_full_mark() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    facts = factory_facts() | {("water_reuse", 2024, "m3"): NOT_APPLICABLE}
    score = scorer.score(facts)
    assert score.lines[6].branch is Branch.NOT_APPLICABLE
    points = sum(line.points or 0 for line in score.lines)
    assert score.total == half_up(points * 100, 92)
    # Land is never "not applicable".
    refused = scorer.score(factory_facts() | {("land_area", 0, "m2"): NOT_APPLICABLE})
    assert refused.lines[13].branch is Branch.MUST_APPLY


def test_too_few_scorable_lines_make_the_sheet_not_scorable() -> None:
    # Without any benchmark only the functions (6) and the three qualitative lines (22) are left of 100.
    bare = Scorer(national(), {}, 2025).score(factory_facts())
    assert (bare.scorable, bare.total, bare.covered) == (False, None, 28 * 10**12)
    lenient = replace(national(), minimum_share=Decimal("0.28"))
    assert Scorer(lenient, {}, 2025).score(factory_facts()).scorable


# --- against the oracle ---------------------------------------------------------------------------------------------

decimals = st.decimals(min_value=-(10**6), max_value=10**9, places=3).map(lambda d: f"{d:f}")
positive = st.decimals(min_value=0, max_value=10**7, places=4).map(lambda d: f"{d:f}")


@pytest.mark.rule("N25-A1")
@pytest.mark.rule("N25-A2")
@pytest.mark.rule("N23-SC")
@pytest.mark.parametrize("ruleset_id", FORMS)
@pytest.mark.parametrize(
    "seeds",
    [range(5), pytest.param([*range(5, 60), *range(1000, 1060)], marks=pytest.mark.long)],
    ids=["few", "rest"],
)
def test_the_oracle_agrees_to_the_last_digit(ruleset_id: str, seeds: Iterable[int]) -> None:
    for seed in seeds:
        _agree(ruleset_id, seed)


def _agree(ruleset_id: str, seed: int) -> None:
    table = ruleset(ruleset_id)
    facts, levels, marks = situation(ruleset_id, seed)
    year = FORMS[ruleset_id][0]
    score = Scorer(table, levels, year).score(facts, marks)
    answers = [
        oracle.line(table, indicator, facts, table.evaluation_year(year), exact(levels), marks)
        for indicator in table.indicators
    ]
    for line, answer, indicator in zip(score.lines, answers, table.indicators, strict=True):
        assert line.branch.code == answer.branch, (indicator.code, seed)
        assert line.points == (None if answer.points is None else oracle.rounded(answer.points, table.scale))
        assert line.value == (None if answer.value is None else oracle.rounded(answer.value, 12))
    assert score.total == oracle.total(table, answers)


@pytest.mark.parametrize("ruleset_id", FORMS)
@pytest.mark.parametrize(("seeds", "least"), [(15, 10), pytest.param(150, 100, marks=pytest.mark.long)])
def test_the_straight_line_function_takes_the_same_way_as_the_steps(ruleset_id: str, seeds: int, least: int) -> None:
    """Complete forms with usual and unusual values: both ways of scoring say the same."""
    table, year = ruleset(ruleset_id), FORMS[ruleset_id][0]
    scorer = Scorer(table, levels_of(ruleset_id), year)
    straight = 0
    for seed in range(seeds):
        values = scorer.read(situation(ruleset_id, seed)[0])
        values = [chance_value(seed, place) if isinstance(v, Absent) else v for place, v in enumerate(values)]
        if any(isinstance(v, Absent) for v in values):
            continue
        straight += 1
        assert scorer._straight(values, {}) == scorer._step_by_step(values, {})
    assert straight > least


def chance_value(seed: int, place: int) -> int:
    return random.Random(f"{seed}-{place}").randrange(10**18)


KINDS, WEIGHTS = st.sampled_from(["inverse", "positive"]), st.sampled_from(["0.5", "2.5", "8"])
LINES = st.tuples(KINDS, decimals, decimals, decimals, positive, WEIGHTS)


@settings(max_examples=30, deadline=None)
@given(LINES)
def test_points_are_bounded_and_rise_the_right_way(line: tuple[str, ...]) -> None:
    bounded_and_rising(*line)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(LINES)
def test_points_are_always_bounded_and_rise_the_right_way(line: tuple[str, ...]) -> None:
    bounded_and_rising(*line)


def bounded_and_rising(kind: str, x: str, y: str, lead: str, gap: str, weight: str) -> None:
    towards = 1 if kind == "inverse" else -1
    baseline = Decimal(lead) + towards * Decimal(gap)
    scorer = Scorer(one_line(kind, weight), {"only": (Decimal(lead), baseline)}, 2025)
    first, second = (scorer.score(only(value)).lines[0].points for value in (x, y))
    assert first is not None
    assert second is not None
    assert 0 <= first <= whole(weight)
    if (Decimal(x) - Decimal(y)) * towards <= 0:
        assert first >= second


@pytest.mark.parametrize("ruleset_id", FORMS)
@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 12))])
def test_the_order_of_facts_and_of_indicators_does_not_matter(ruleset_id: str, seed: int) -> None:
    chance, table, year = random.Random(seed), ruleset(ruleset_id), FORMS[ruleset_id][0]
    facts, levels, marks = situation(ruleset_id, seed)
    straight = Scorer(table, levels, year).score(facts, marks)
    shuffled = list(facts.items())
    chance.shuffle(shuffled)
    rows = list(enumerate(table.indicators))
    chance.shuffle(rows)
    mixed = replace(table, indicators=tuple(indicator for _, indicator in rows))
    other = Scorer(mixed, levels, year).score(dict(shuffled), marks)
    assert other.total == straight.total
    assert [straight.lines[place] for place, _ in rows] == list(other.lines)


@pytest.mark.parametrize("ruleset_id", FORMS)
def test_every_indicator_is_really_consulted(ruleset_id: str) -> None:
    """Spoiling what one line reads changes that line."""
    table, year = ruleset(ruleset_id), FORMS[ruleset_id][0]
    facts, _ = facts_of(ruleset_id)
    scorer = Scorer(table, levels_of(ruleset_id), year)
    marks = {indicator.code: "1.5" for indicator in table.indicators if indicator.formula.op == "mark"}
    straight = scorer.score(facts, marks)
    for place, indicator in enumerate(table.indicators):
        read = set(reads(indicator.formula))
        spoiled = {key: value for key, value in facts.items() if key[0] not in read}
        other = scorer.score(spoiled, {code: mark for code, mark in marks.items() if code != indicator.code})
        assert straight.lines[place].points is not None, indicator.code
        assert other.lines[place] != straight.lines[place], indicator.code


def test_plain_notation() -> None:
    assert plain(0, 12) == "0"
    assert plain(15 * 10**11, 12) == "1.5"
    assert plain(-(10**12) // 2, 12) == "-0.5"
    assert plain(100 * 10**12, 12) == "100"
    assert whole("-0.5") == -5 * 10**11
    assert whole("999999999999999999.999999999999") == 10**30 - 1
