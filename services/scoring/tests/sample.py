"""Rulesets and facts for tests."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

from gf_policy.model import Source
from gf_policy.rulesets import Formula, Indicator, Ruleset, Term, load_benchmarks, load_rulesets
from gf_scoring.domain.engine import Facts, FactValue

POLICIES = Path(__file__).parents[3] / "policies"
NOWHERE = Source("", "", assumption="test")


@cache
def national() -> Ruleset:
    found = load_rulesets(POLICIES).get("national/2025/n25/factory")
    assert found is not None
    return found


@cache
def general_levels() -> dict[str, tuple[Decimal, Decimal]]:
    proposed = load_benchmarks(POLICIES)[0].sets[0]
    return {value.indicator: (value.lead, value.baseline) for value in proposed.values}


def factory_facts() -> dict[tuple[str, int, str], FactValue]:
    """A plausible factory of 2024."""
    facts: dict[tuple[str, int, str], FactValue] = {
        ("renewable_self", 2024, "tce"): "420.5",
        ("renewable_market", 2024, "tce"): "310",
        ("renewable_gec", 2024, "tce"): "55.25",
        ("ecms_functions", 0, ""): ("query", "intensity", "analysis", "benchmarking", "flow"),
        ("material_total", 2024, "t"): "27120.4",
        ("water_reuse", 2024, "m3"): "1050000",
        ("solid_waste_generated", 2024, "t"): "812",
        ("solid_waste_used", 2024, "t"): "770.25",
        ("solid_waste_prior", 2024, "t"): "12",
        ("advanced_technology", 0, ""): "采用国家鼓励的工业节水工艺",
        ("ammonia_discharged", 2024, "t"): "0.41",
        ("cod_discharged", 2024, "t"): "2.75",
        ("so2_discharged", 2024, "t"): "0.3",
        ("nox_discharged", 2024, "t"): "1.9",
        ("pm_discharged", 2024, "t"): "0.6",
        ("vocs_discharged", 2024, "t"): "1.1",
        ("green_design", 0, ""): True,
        ("footprint_categories_total", 0, ""): "4",
        ("footprint_categories_quantified", 0, ""): "3",
        ("land_area", 0, "m2"): "48211.7",
    }
    for year, output, energy, feedstock, carbon, water, invested in (
        (2022, "45210.7", "6801.2", "410", "21011.4", "151200", "220"),
        (2023, "49873.25", "7015", "402.5", "22140.9", "149300.5", "305.5"),
        (2024, "54120.9", "7120.35", "398.1", "22870.2", "146110", "261"),
    ):
        facts |= {
            ("output_value", year, "万元"): output,
            ("energy_total", year, "tce"): energy,
            ("energy_feedstock", year, "tce"): feedstock,
            ("carbon_total", year, "tCO2"): carbon,
            ("water_intake", year, "m3"): water,
            ("retrofit_investment", year, "万元"): invested,
        }
    return facts


def one_line(kind: str, weight: str = "8", **changes: object) -> Ruleset:
    """A ruleset of one line that scores the fact ``x`` itself."""
    formula = Formula(
        op="amount",
        of=(Term("x", "", (None,), Decimal(1), "not_scorable"),),
        over=(),
        times=Decimal(1),
        fact="",
        members=(),
        claims=(),
        evidence=(),
        source=NOWHERE,
    )
    indicator = Indicator(
        code="only",
        number=1,
        name="唯一指标",
        dimension="all",
        type=kind,  # type: ignore[arg-type]
        unit="",
        weight=Decimal(weight),
        formula=formula,
        fixed=None,
        minimum=None,
        maximum=None,
        may_not_apply=False,
        source=NOWHERE,
    )
    indicator = replace(indicator, **changes)  # type: ignore[arg-type]
    return replace(national(), indicators=(indicator,), full=Decimal(weight), dimensions=())


def only(value: str) -> Facts:
    return {("x", 0, ""): value}
