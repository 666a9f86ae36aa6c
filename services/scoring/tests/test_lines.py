"""Lines of the special kinds: elasticity by its signs, growth, tiers, bonus, conditions, checks of facts."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from gf_policy.ruleset_model import Dimension, Formula, Indicator, Physical, Ruleset, Term, Tier, Tiers
from gf_scoring.adapters import contracts
from gf_scoring.domain import checks, elasticity, gates
from gf_scoring.domain.derivation import derive, three_years
from gf_scoring.domain.engine import MISSING, NOT_APPLICABLE, Branch, FactKey, Product, Scorer
from gf_scoring.domain.gates import GateState
from gf_scoring.domain.numbers import growth, half_up, plain, whole
from greenladder.common.v1.common_pb2 import Fact, Presence
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from services.scoring.tests import oracle
from services.scoring.tests.sample import NOWHERE, factory_facts, general_levels, national, one_line
from services.scoring.tests.tables import exact, facts_of, levels_of, ruleset
from services.scoring.tests.world import fact

PARK = "national/2025/n25/park"
LEAD, BASE, FULL = Fraction(3, 10), Fraction(1), Fraction(1)


@pytest.mark.rule("N25-A2")
@pytest.mark.parametrize(
    ("emitted", "made", "branch", "share"),
    [
        (-2, 5, Branch.DECOUPLED, "1"),
        (0, 5, Branch.DECOUPLED, "1"),
        (1, 5, Branch.LEAD, "1"),
        (3, 10, Branch.LEAD, "1"),
        (13, 20, Branch.BETWEEN, "1/2"),
        (5, 5, Branch.BETWEEN, "0"),
        (6, 5, Branch.WORSE, "0"),
        (-5, -5, Branch.SHRINKING_FULL, "1"),
        (-13, -20, Branch.SHRINKING_BETWEEN, "1/2"),
        (-1, -5, Branch.SHRINKING_ZERO, "0"),
        (0, -5, Branch.RISING, "0"),
        (3, -5, Branch.RISING, "0"),
        (-1, 0, Branch.NO_GROWTH_FULL, "1"),
        (0, 0, Branch.NO_GROWTH_FULL, "1"),
        (1, 0, Branch.NO_GROWTH_ZERO, "0"),
    ],
)
def test_an_elasticity_is_judged_by_the_signs_of_both_growths(
    emitted: int, made: int, branch: Branch, share: str
) -> None:
    assert elasticity.judge(emitted, made, LEAD, BASE, FULL) == (branch, Fraction(share))


@pytest.mark.rule("N25-A2")
def test_a_coefficient_with_a_base_of_zero_waits_for_a_person() -> None:
    facts = facts_of(PARK)[0] | {("carbon_total", 2021, "tCO2"): "0"}
    line = Scorer(ruleset(PARK), levels_of(PARK), 2025).score(facts).lines[16]
    assert line == (Branch.ZERO_BASE, None, None)


@pytest.mark.rule("N25-A2")
def test_a_pollutant_that_was_never_emitted_is_left_out_of_the_mean() -> None:
    scorer = Scorer(ruleset(PARK), levels_of(PARK), 2025)
    facts = facts_of(PARK)[0]
    codes = ("cod", "ammonia", "so2", "nox", "vocs")
    none = {(f"{code}_discharged", year, "t"): "0" for code in codes[1:] for year in (2021, 2022, 2023, 2024)}
    rising = {("cod_discharged", 2021, "t"): "96", ("cod_discharged", 2024, "t"): "9600"}
    # One pollutant alone decides, with its own branch and coefficient.
    line = scorer.score(facts | none | rising).lines[14]
    assert (line.branch, line.points) == (Branch.WORSE, 0)
    assert line.value is not None
    # Nothing emitted at all is not growth.
    nothing = {("cod_discharged", year, "t"): "0" for year in (2021, 2022, 2023, 2024)}
    assert scorer.score(facts | none | nothing).lines[14].branch is Branch.DECOUPLED


def test_growth_is_exact_to_its_last_digit() -> None:
    assert growth(121, 100, 2) == 10**11
    assert growth(1331, 1000, 3) == 10**11
    assert growth(0, 5, 3) == -(10**12)
    assert growth(7, 7, 3) == 0
    chance = random.Random(5)
    for _ in range(300):
        end, start, years = chance.randrange(10**20), chance.randrange(1, 10**20), chance.randrange(1, 6)
        expected = oracle.yearly_growth(Fraction(end), Fraction(start), years)
        assert Fraction(growth(end, start, years), 10**12) == expected


# --- tiers, bonus, what does not apply -----------------------------------------------------------------------------


def provincial(not_applicable: str = "rescale_to_full") -> Ruleset:
    """A table as a province extends the national one: tiers by size, a bonus block."""
    size = (Term("energy", "tce", (0,), Decimal(1), "not_scorable"),)
    steps = [("3000", "33.03"), ("5000", "7.93"), ("10000", "11.9"), (None, "4.31")]
    tiers = Tiers(
        size, tuple(Tier(None if b is None else Decimal(b), Decimal(lead), Decimal(0)) for b, lead in steps), NOWHERE
    )
    value = one_line("positive", "8").indicators[0]
    tiered = replace(value, code="renewable", dimension="energy", tiers=tiers)
    rate = replace(value, code="reuse", dimension="energy", weight=Decimal(4), may_not_apply=True)
    rate = replace(rate, formula=_amount("reuse"))
    chain = replace(_mark("chain"), weight=Decimal(2))
    platform = _mark("platform")
    zero_carbon = replace(_mark("zero_carbon"), weight=Decimal(4))
    return replace(
        national(),
        indicators=(tiered, rate, chain, platform, zero_carbon),
        full=Decimal(12),
        dimensions=(
            Dimension("energy", "能源", Decimal(12), NOWHERE),
            Dimension("bonus", "附加项", Decimal(5), NOWHERE, bonus=True),
        ),
        not_applicable=not_applicable,
        physical=(),
        gates=(),
    )


def _amount(code: str) -> Formula:
    return replace(
        one_line("positive").indicators[0].formula, of=(Term(code, "", (None,), Decimal(1), "not_scorable"),)
    )


def _mark(code: str) -> Indicator:
    line = one_line("positive", "1").indicators[0]
    return replace(line, code=code, type="qualitative", dimension="bonus", formula=replace(line.formula, op="mark"))


LEVELS = {"reuse": (Decimal("92.22"), Decimal(80))}


@pytest.mark.parametrize(
    ("energy", "points"),
    [("2999.99", "1.937632455344"), ("3000", "8"), ("5000", "5.378151260504"), ("9999.9", "5.378151260504"),
     ("10000", "8")],
)  # fmt: skip
def test_the_tier_follows_from_the_size_of_the_unit(energy: str, points: str) -> None:
    facts = {("energy", 2024, "tce"): energy, ("x", 0, ""): "8", ("reuse", 0, ""): "80"}
    line = Scorer(provincial(), LEVELS, 2025).score(facts).lines[0]
    assert line.points is not None
    assert plain(line.points, 12) == points
    assert line.branch in (Branch.LEAD, Branch.BETWEEN)


def test_a_bonus_comes_on_top_and_is_capped() -> None:
    facts = {("energy", 2024, "tce"): "20000", ("x", 0, ""): "5", ("reuse", 0, ""): "95"}
    scorer = Scorer(provincial(), LEVELS, 2025)
    assert scorer.score(facts).total == 12 * 10**12
    assert scorer.score(facts, {"platform": "1"}).total == 13 * 10**12
    capped = scorer.score(facts, {"platform": "1", "chain": "2", "zero_carbon": "4"})
    assert (capped.total, capped.bonus) == (17 * 10**12, 5 * 10**12)
    # Waiting for a mark, or without one, a bonus takes nothing from what can be scored.
    assert scorer.score(facts).applicable == scorer.score(facts).covered == 12 * 10**12


def test_what_does_not_apply_is_rescaled_or_counts_nothing_as_the_ruleset_says() -> None:
    facts = {("energy", 2024, "tce"): "20000", ("x", 0, ""): "5", ("reuse", 0, ""): NOT_APPLICABLE}
    assert Scorer(provincial(), LEVELS, 2025).score(facts).total == 12 * 10**12
    assert Scorer(provincial("zero_points"), LEVELS, 2025).score(facts).total == 8 * 10**12


@pytest.mark.parametrize("seed", range(40))
def test_the_oracle_agrees_on_tiers_bonus_and_what_does_not_apply(seed: int) -> None:
    chance = random.Random(seed)
    table = provincial(chance.choice(["rescale_to_full", "zero_points"]))
    facts = {("energy", 2024, "tce"): str(chance.randrange(12000)), ("x", 0, ""): f"{chance.randrange(500)}.5"}
    facts[("reuse", 0, "")] = chance.choice([NOT_APPLICABLE, MISSING, f"{chance.randrange(75, 99)}.{seed}"])  # type: ignore[assignment]
    marks = {code: str(chance.randrange(5)) for code in ("chain", "platform", "zero_carbon") if chance.randrange(2)}
    score = Scorer(table, LEVELS, 2025).score(facts, marks)
    answers = [oracle.line(table, one, facts, 2024, exact(LEVELS), marks) for one in table.indicators]
    assert [line.branch.code for line in score.lines] == [answer.branch for answer in answers]
    assert score.total == oracle.total(table, answers)


# --- products ---------------------------------------------------------------------------------------------------


def products(seed: int) -> list[Product]:
    chance, limits = random.Random(seed), sorted({limit.code for limit in national().limits or ()})  # type: ignore[attr-defined]
    found = []
    for number in range(chance.randrange(1, 6)):
        values: dict = {
            ("product_energy", 2024, "tce"): f"{chance.randrange(1, 10**5)}.{chance.randrange(100)}",
            ("product_output", 2024, "t"): chance.choice(["0", "1000", f"{chance.randrange(10, 10**6)}"]),
            ("product_water", 2024, "m3"): f"{chance.randrange(1, 10**5)}",
        }
        if chance.randrange(4):
            values["product_limit", 0, ""] = (chance.choice(limits),)
        if chance.randrange(3):
            values["product_quota", 0, ""] = (chance.choice(["steel_with_coking", "clinker_water", "nothing"]),)
        if chance.randrange(2):
            values["product_clinker_share", 2024, "%"] = f"{chance.randrange(60, 95)}"
        if chance.randrange(2):
            values["product_sun_dried_salt", 0, ""] = bool(chance.randrange(2))
        found.append(Product(f"产品{number}", values))
    return found


@pytest.mark.rule("N25-A1")
@pytest.mark.parametrize("year", [2025, *(pytest.param(year, marks=pytest.mark.long) for year in (2026, 2027))])
def test_the_oracle_agrees_on_products(year: int) -> None:
    scorer = Scorer(national(), general_levels(), year)
    seen = set()
    for seed in range(50 if year == 2025 else 120):
        moved = [
            Product(p.name, {(c, scorer.year if y else 0, u): v for (c, y, u), v in p.values.items()})
            for p in products(seed)
        ]
        facts = {(c, y + year - 2025 if y else 0, u): v for (c, y, u), v in factory_facts().items()}
        score = scorer.score(facts, products=moved)
        rows = [(product.name, dict(product.values)) for product in moved]
        for line, indicator in zip(score.lines, national().indicators, strict=True):
            answer = oracle.line(national(), indicator, facts, scorer.year, exact(general_levels()), {}, rows)
            assert line.branch.code == answer.branch, (indicator.code, seed)
            assert line.points == (None if answer.points is None else oracle.rounded(answer.points, 12))
            seen.add(answer.branch)
    assert {"by_product", "unknown_limit", "missing_parameter", "zero_denominator"} <= seen


@pytest.mark.rule("N25-A1")
def test_the_order_of_products_does_not_matter() -> None:
    scorer = Scorer(national(), general_levels(), 2026)
    for seed in range(40):
        given = products(seed)
        mixed = random.Random(seed).sample(given, len(given))
        assert scorer.score(factory_facts(), products=given) == scorer.score(factory_facts(), products=mixed)


def test_products_are_read_out_of_an_event() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    reader = contracts.FactReader(scorer)
    message = SubmissionAdmitted(facts=[fact(key, value) for key, value in factory_facts().items()])
    assert reader.products(message, message.SerializeToString()) == ()
    for key, value in ((("product_energy", 2024, "tce"), "103"), (("product_output", 2024, "t"), "1000")):
        row = fact(key, value)
        row.product = "熟料"
        message.facts.append(row)
    limit = fact(("product_limit", 0, ""), ("clinker_energy",))
    limit.product = "熟料"
    message.facts.insert(3, limit)
    (product,) = reader.products(message, message.SerializeToString())
    line = scorer.score_values(reader(message), products=[product]).lines[0]
    assert (line.branch, line.value) == (Branch.PRODUCTS, 103 * 10**12)


# --- units, conditions, checks --------------------------------------------------------------------------------------


@pytest.mark.rule("DM-units")
def test_another_unit_is_converted_exactly_or_not_at_all() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    straight = scorer.score(factory_facts())
    facts = factory_facts()
    facts[("output_value", 2024, "千元")] = "541209"
    del facts[("output_value", 2024, "万元")]
    facts[("energy_total", 2024, "kgce")] = "7120350"
    del facts[("energy_total", 2024, "tce")]
    assert scorer.score(facts) == straight
    message = SubmissionAdmitted(facts=[fact(key, value) for key, value in facts.items()])
    assert contracts.FactReader(scorer)(message) == scorer.read(facts)
    # A twelfth digit that would be lost is refused, never rounded.
    facts[("energy_total", 2024, "kgce")] = "7120350.000000000001"
    assert scorer.score(facts).lines[0].branch is Branch.WRONG_UNIT


@pytest.mark.rule("N25-A1")
def test_conditions_stand_apart_from_points() -> None:
    stated = {(gate.fact, 0, ""): gate.must_be for gate in national().gates}
    assert gates.open_ones(gates.judge(national().gates, stated)) == ()
    said = stated | {("excl_accident", 0, ""): True, ("independent_legal_person", 0, ""): MISSING}
    found = gates.open_ones(gates.judge(national().gates, said))
    assert [(gate.code, gate.state) for gate in found] == [
        ("legal_person", GateState.NOT_STATED),
        ("no_accident", GateState.NOT_MET),
    ]
    scorer = Scorer(national(), general_levels(), 2025)
    assert scorer.score(factory_facts() | said) == scorer.score(factory_facts() | stated)


def test_conditions_are_read_out_of_every_event_afresh() -> None:
    """Where the rows stood in the form before is only a guess."""
    reader = contracts.FactReader(Scorer(national(), general_levels(), 2025))

    def open_in(*changed: tuple[str, bool], leave_out: str = "", turned: bool = False) -> list[str]:
        said = {gate.fact: gate.must_be for gate in national().gates if gate.fact != leave_out} | dict(changed)
        rows = [Fact(code=code, presence=Presence.PRESENCE_GIVEN, flag=flag) for code, flag in said.items()]
        message = SubmissionAdmitted(facts=reversed(rows) if turned else rows)
        return [gate.code for gate in reader.open_gates(message)]

    assert open_in() == []
    assert open_in() == []
    assert open_in(("excl_removed", True)) == ["not_removed"]
    assert open_in(turned=True) == []
    assert open_in(leave_out="excl_dishonest") == ["not_dishonest"]
    assert open_in(("excl_dishonest", True), turned=True) == ["not_dishonest"]


@pytest.mark.rule("N25-A1")
def test_what_is_wrong_with_facts_is_named_before_anything_is_scored() -> None:
    facts = factory_facts()
    del facts[("carbon_total", 2024, "tCO2")]
    facts[("material_total", 2024, "斤")] = facts.pop(("material_total", 2024, "t"))
    facts[("water_intake", 2024, "m3")] = "-5"
    facts[("solid_waste_generated", 2024, "t")] = "0"
    facts[("solid_waste_prior", 2024, "t")] = "0"
    found = {(one.code, one.indicator, one.fact) for one in checks.findings(national(), 2025, facts)}
    assert {
        ("missing_value", "carbon_intensity", "carbon_total"),
        ("wrong_unit", "material_intensity", "material_total"),
        ("out_of_range", "water_intensity", "water_intake"),
        ("out_of_range", "water_reuse_rate", "water_intake"),
        ("zero_denominator", "solid_waste_rate", "solid_waste_generated"),
    } <= found
    lines = Scorer(national(), general_levels(), 2025).score(facts).lines
    assert [lines[place].branch for place in (1, 4, 5, 6, 7)] == [
        Branch.MISSING_VALUE,
        Branch.WRONG_UNIT,
        Branch.INPUT_OUT_OF_RANGE,
        Branch.INPUT_OUT_OF_RANGE,
        Branch.ZERO_DENOMINATOR,
    ]
    complete = factory_facts() | {("renewable_line", 2024, "tce"): "0"}
    assert checks.findings(national(), 2025, complete) == ()


def test_a_physical_range_has_an_upper_end_too() -> None:
    table = replace(one_line("positive"), physical=(Physical("x", "", Decimal(0), Decimal(100), NOWHERE),))
    scorer = Scorer(table, {"only": (Decimal(90), Decimal(10))}, 2025)
    branches = {text: scorer.score({("x", 0, ""): text}).lines[0].branch for text in ("-0.1", "0", "100", "100.1")}
    assert [branch.code for branch in branches.values()] == [
        "input_out_of_range",
        "worse_than_baseline",
        "at_or_better_than_lead",
        "input_out_of_range",
    ]


@pytest.mark.rule("N25-A2")
def test_the_output_of_green_factories_is_held_against_the_members_of_the_park() -> None:
    table, (facts, _) = ruleset(PARK), facts_of(PARK)
    total = Fraction(str(facts[("green_factory_output", 2024, "万元")]))

    def found(*outputs: Fraction) -> list[str]:
        members = [
            Product(
                f"成员{n}", {("member_output", 2024, "万元"): plain(half_up(o.numerator * 10**12, o.denominator), 12)}
            )
            for n, o in enumerate(outputs)
        ]
        return [one.code for one in checks.cross_findings(table, 2025, facts, members)]

    assert found() == ["green_members_unlisted"]
    assert found(total / 2, total / 2) == []
    assert found(total * Fraction(996, 1000)) == []
    assert found(total * Fraction(99, 100)) == ["green_members_mismatch"]


# --- derivation -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("N25-A1")
def test_a_derivation_says_how_the_points_came_about() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    facts = factory_facts()
    facts[("energy_total", 2024, "kgce")] = "7120350"
    del facts[("energy_total", 2024, "tce")]
    score, lines = derive(scorer, facts, labels={"energy_total": "综合能源消费量", "output_value": "工业总产值"})
    energy = lines[0]
    assert score == scorer.score(facts)
    assert energy.formula == "（综合能源消费量 - energy_feedstock）÷（工业总产值）"
    first = energy.inputs[0]
    assert (first.fact, first.value, first.stated_unit, first.factor) == ("energy_total", "7120350", "kgce", "0.001")
    assert (energy.numerator, energy.denominator) == ("6722.25", "54120.9")
    assert (energy.lead, energy.baseline, energy.branch) == ("0.08", "0.25", "between")
    points = score.lines[0].points
    assert points is not None
    assert energy.calculation.startswith("8 × (0.12420")
    assert energy.calculation.endswith(f"= {plain(points, 12)}")
    assert lines[8].calculation == "定性指标，待审核人员根据佐证材料评分。"


def test_the_derivation_of_products_and_of_an_elasticity() -> None:
    scorer = Scorer(national(), general_levels(), 2025)
    clinker = Product("熟料", {
        ("product_limit", 0, ""): ("clinker_energy",), ("product_energy", 2024, "tce"): "103",
        ("product_output", 2024, "t"): "1000"})  # fmt: skip
    _, lines = derive(scorer, factory_facts(), products=[clinker])
    (product,) = lines[0].products
    assert (product.value, product.lead, product.baseline, product.standard) == ("103", "100", "107", "GB 16780-2021")
    assert lines[0].lead is None
    park = Scorer(ruleset(PARK), levels_of(PARK), 2025)
    score, lines = derive(park, facts_of(PARK)[0])
    parts = lines[14].parts
    assert [part.code for part in parts] == ["cod", "ammonia", "so2", "nox", "vocs"]
    mean = sum(whole(part.points) for part in parts) / len(parts)
    assert score.lines[14].points == pytest.approx(mean, abs=5)
    assert lines[14].output_growth is not None


@pytest.mark.rule("N25-A1")
def test_three_years_stand_side_by_side() -> None:
    rows = {row.code: row for row in three_years(Scorer(national(), {}, 2025), factory_facts())}
    energy = rows["energy_intensity"]
    assert [at.year for at in energy.years] == [2022, 2023, 2024]
    assert [at.value for at in energy.years] == ["0.141364765421", "0.132586105778", "0.124208023148"]
    # Collected for the last year only.
    assert [at.value is None for at in rows["water_reuse_rate"].years] == [True, True, False]
    assert rows["cod_per_output"].years[2].value == "0.050812163138"


@pytest.mark.rule("N25-A1")
def test_what_is_stated_without_a_year_holds_for_the_evaluation_year() -> None:
    facts = factory_facts() | _built(land_area="20000")
    rows = {row.code: row for row in three_years(Scorer(national(), {}, 2025), facts)}
    assert [at.value for at in rows["building_coefficient"].years] == [None, None, "50"]
    assert [at.value for at in rows["plot_ratio"].years] == [None, None, "1.1"]


@pytest.mark.rule("N25-A1")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"land_area": "10000"}, []),
        ({"land_area": "9999.99"}, [("derived_out_of_range", "land_buildings")]),
        # The line of the land output says it; the quantities that are only shown do not say it again.
        ({"land_area": "0"}, [("zero_denominator", "land_area")]),
        ({"floor_area_high": "-1"}, [("out_of_range", "floor_area_high")]),
    ],
)
def test_how_the_land_is_built_on_is_checked(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    facts = factory_facts() | _built(**changes)
    found = [one for one in checks.findings(national(), 2025, facts) if one.code != "missing_value"]
    assert [(one.code, one.fact) for one in found] == expected


def _built(**changes: str) -> dict[FactKey, str]:
    """Half of the land is built on; ten metres high where half of the floor space is."""
    areas = {
        "land_area": "20000",
        "land_buildings": "8000",
        "land_structures": "1500",
        "land_yards": "500",
        "floor_area": "16000",
        "floor_area_high": "6000",
    }
    return {(code, 0, "m2"): value for code, value in (areas | changes).items()}
