"""What a sheet is worked out from, for show: derivations, conditions, findings, three years side by side."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gf_policy.model import Source
from gf_policy.ruleset_model import Ruleset
from gf_scoring.adapters import contracts
from gf_scoring.domain import checks, gates
from gf_scoring.domain.derivation import Derivation, History, InputUsed, derive, three_years
from gf_scoring.domain.engine import NOT_APPLICABLE, Scorer
from gf_scoring.entrypoints import schemas

NOT_APPLICABLE_RULES = {"rescale_to_full": "不适用的行去掉，按适用权重折算到满分", "zero_points": "不适用的行计零分"}


def extras(row: Any, scored: Any, ruleset: Ruleset | None, year: int, labels: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a sheet that are worked out when somebody looks at it, by the ruleset it names.

    ``row``: a stored sheet; ``scored``: its event; ``labels``: what the form calls its values.
    """
    message = contracts.admitted_from(row.admitted)
    found: dict[str, Any] = {"band": scored.band}
    if ruleset is None:
        return found
    facts, products = contracts.facts_of(message), contracts.products_of(message)
    levels = {
        line.indicator: (Decimal(line.lead), Decimal(line.baseline)) for line in scored.lines if line.HasField("lead")
    }
    scorer = Scorer(ruleset, levels, year)
    _, derivations = derive(scorer, facts, dict(row.marks or {}), products, labels)
    sources = {indicator.code: indicator.formula.source for indicator in ruleset.indicators}
    return {
        **found,
        "open_gates": [
            schemas.GateOut(code=gate.code, name=gate.name, state=gate.state.value)
            for gate in gates.open_ones(gates.judge(ruleset.gates, facts))
        ],
        "findings": [
            schemas.FindingOut(**finding._asdict()) for finding in checks.findings(ruleset, year, facts, products)
        ],
        "derivations": [derivation_out(one, labels, sources.get(one.indicator)) for one in derivations],
        "history": [history_out(one) for one in three_years(scorer, facts)],
        "not_applicable_rule": NOT_APPLICABLE_RULES[ruleset.not_applicable],
    }


def derivation_out(one: Derivation, labels: Mapping[str, str], source: Source | None) -> schemas.DerivationOut:
    cited = None
    if source is not None:
        cited = schemas.SourceOut(document=source.document, article=source.article, assumption=source.assumption)
    return schemas.DerivationOut(
        indicator=one.indicator,
        inputs=[_input(used, labels) for used in one.inputs],
        formula=one.formula,
        formula_source=cited,
        numerator=one.numerator,
        denominator=one.denominator,
        value=one.value,
        lead=one.lead,
        baseline=one.baseline,
        branch=one.branch,
        explanation=one.explanation,
        calculation=one.calculation,
        products=[
            schemas.ProductOut(
                name=product.name,
                limit=product.limit,
                standard=product.standard,
                unit=product.unit,
                value=product.value,
                lead=product.lead,
                baseline=product.baseline,
                flags=list(product.flags),
                amount=product.amount,
                branch=product.branch,
                share=product.share,
            )
            for product in one.products
        ],
        products_left_out=list(one.products_left_out),
        parts=[
            schemas.PartOut(
                code=part.code,
                name=part.name,
                emitted_growth=part.emitted_growth,
                coefficient=part.coefficient,
                branch=part.branch,
                points=part.points,
            )
            for part in one.parts
        ],
        output_growth=one.output_growth,
    )


def _input(used: InputUsed, labels: Mapping[str, str]) -> schemas.DerivationInput:
    value = list(used.value) if isinstance(used.value, tuple) else used.value
    given = isinstance(value, str | bool | list)
    return schemas.DerivationInput(
        fact=used.fact,
        label=labels.get(used.fact, ""),
        year=used.year,
        unit=used.unit,
        value=value if isinstance(value, str | bool | list) else None,
        presence="given" if given else "not_applicable" if used.value is NOT_APPLICABLE else "missing",
        stated_unit=used.stated_unit,
        factor=used.factor,
        times=used.times,
        side=used.side,
    )


def history_out(one: History) -> schemas.HistoryOut:
    years = [schemas.YearValueOut(year=at.year, value=at.value) for at in one.years]
    return schemas.HistoryOut(code=one.code, name=one.name, unit=one.unit, years=years)
