"""From rows and rulesets to what the API gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from gf_policy.model import Source
from gf_policy.ruleset_model import ByProduct
from gf_policy.rulesets import Formula, Indicator, Ruleset, Term
from gf_scoring.adapters import contracts
from gf_scoring.adapters.contracts import StoredFact
from gf_scoring.adapters.tables import BenchmarkSetRow, SheetRow
from gf_scoring.adapters.versions import Versions
from gf_scoring.domain.numbers import DIGITS, plain, whole
from gf_scoring.entrypoints import schemas
from gf_scoring.entrypoints.derivations import NOT_APPLICABLE_RULES, extras
from gf_scoring.entrypoints.schemas import exact


def sheet_out(row: SheetRow, versions: Versions, labels: Mapping[str, str] | None = None) -> schemas.SheetOut:
    """``labels``: what the form calls its values, for the derivation."""
    scored = contracts.scored_from(row.published)
    facts = contracts.stored_facts(row.admitted)
    subject = contracts.subject_of(contracts.admitted_from(row.admitted))
    ruleset = versions.get(scored.ruleset_id, scored.ruleset_version)
    lines = [_line(line, ruleset, subject.year, facts) for line in scored.lines]
    return schemas.SheetOut(
        submission_id=row.submission_id,
        round=row.round,
        revision=row.revision,
        basis=row.basis,
        outcome=row.outcome,
        total=scored.total if scored.HasField("total") else None,
        dimensions=_dimensions(ruleset, lines),
        lines=lines,
        reasons=list(scored.reasons),
        campaign_year=subject.year,
        ruleset_id=scored.ruleset_id,
        ruleset_version=scored.ruleset_version,
        ruleset_hash=scored.ruleset_hash,
        benchmark_set_id=scored.benchmark_set_id,
        benchmark_hash=scored.benchmark_hash,
        key_industry=subject.key_industry,
        input_hash=scored.input_hash,
        engine_version=scored.engine_version,
        scored_at=row.scored_at,
        facts=[_fact(fact) for fact in facts],
        marks=dict(row.marks or {}),
        **extras(row, scored, ruleset, subject.year, labels or {}),
    )


def _line(line: Any, ruleset: Ruleset | None, year: int, facts: Sequence[StoredFact]) -> schemas.LineOut:
    indicator = ruleset.indicator(line.indicator) if ruleset else None
    return schemas.LineOut(
        indicator=line.indicator,
        name=line.name,
        dimension=line.dimension,
        state=contracts.LINE_STATE_WORDS[line.state],
        weight=line.weight,
        points=line.points if line.HasField("points") else None,
        value=line.value if line.HasField("value") else None,
        unit=line.unit,
        lead=line.lead if line.HasField("lead") else None,
        baseline=line.baseline if line.HasField("baseline") else None,
        branch=line.branch,
        reason=line.reason,
        inputs=_inputs(indicator, ruleset, year, facts) if indicator and ruleset else [],
    )


def _inputs(indicator: Indicator, ruleset: Ruleset, year: int, facts: Sequence[StoredFact]) -> list[schemas.InputOut]:
    """The values a line was computed from, in the order of its formula."""
    formula, base = indicator.formula, ruleset.evaluation_year(year)
    wanted: list[tuple[str, set[int | None]]] = [
        (term.fact, {None if offset is None else base + offset for offset in term.years} | {None})
        for term in (*formula.of, *formula.over)
    ]
    wanted += [(code, {None, base}) for code in (formula.fact, *formula.claims) if code]
    found: list[schemas.InputOut] = []
    for code, years in wanted:
        for fact in facts:
            if fact.code == code and fact.year in years and not fact.product:
                shown = schemas.InputOut(
                    code=fact.code,
                    year=fact.year,
                    unit=fact.unit,
                    value=fact.value,
                    presence=fact.presence,
                )
                if shown not in found:
                    found.append(shown)
    return found


def _fact(fact: StoredFact) -> schemas.FactOut:
    return schemas.FactOut(
        code=fact.code,
        product=fact.product,
        year=fact.year,
        unit=fact.unit,
        presence=fact.presence,
        value=fact.value,
    )


def _dimensions(ruleset: Ruleset | None, lines: Sequence[schemas.LineOut]) -> list[schemas.DimensionScore]:
    if ruleset is None:
        return []
    return [
        schemas.DimensionScore(
            code=dimension.code,
            name=dimension.name,
            weight=exact(dimension.weight),
            points=plain(
                sum(whole(line.points) for line in lines if line.points and line.dimension == dimension.code), DIGITS
            ),
        )
        for dimension in ruleset.dimensions
    ]


def benchmark_set_out(row: BenchmarkSetRow) -> schemas.BenchmarkSetOut:
    return schemas.BenchmarkSetOut(
        id=row.id,
        campaign_id=row.campaign_id,
        ruleset_id=row.ruleset_id,
        ruleset_version=row.ruleset_version,
        key_industry=row.key_industry,
        title=row.title,
        authority=row.authority,
        document=row.document,
        person=row.person,
        demo=row.demo,
        hash=row.hash,
        state=row.state,
        version=row.version,
        levels=[schemas.LevelOut(**level) for level in row.levels],
        created_at=row.created_at,
        published_at=row.published_at,
        superseded_at=row.superseded_at,
    )


def ruleset_summary(ruleset: Ruleset) -> schemas.RulesetSummary:
    return schemas.RulesetSummary(**_summary(ruleset))


def _summary(ruleset: Ruleset) -> dict[str, Any]:
    return {
        "id": ruleset.id,
        "version": ruleset.version,
        "hash": ruleset.hash,
        "title": ruleset.title,
        "base": ruleset.base,
        "category": ruleset.category,
        "kinds": list(ruleset.kinds),
        "key_industries": list(ruleset.key_industries),
    }


def ruleset_out(ruleset: Ruleset) -> schemas.RulesetOut:
    return schemas.RulesetOut(
        **_summary(ruleset),
        full=exact(ruleset.full),
        scale=ruleset.scale,
        minimum_share=exact(ruleset.minimum_share),
        entered_by=list(ruleset.entered_by),
        dimensions=[
            schemas.DimensionOut(code=row.code, name=row.name, weight=exact(row.weight), bonus=row.bonus)
            for row in ruleset.dimensions
        ],
        indicators=[_indicator(indicator) for indicator in ruleset.indicators],
        **_beside(ruleset),
        assumptions=dict(ruleset.assumptions),
    )


def _beside(ruleset: Ruleset) -> dict[str, Any]:
    """What a ruleset has beside its indicators."""
    return {
        "gates": [
            schemas.GateRule(
                code=row.code, name=row.name, fact=row.fact, must_be=row.must_be, source=_source(row.source)
            )
            for row in ruleset.gates
        ],
        "bands": [
            schemas.BandOut(code=row.code, name=row.name, at_least=exact(row.at_least), source=_source(row.source))
            for row in ruleset.bands
        ],
        "not_applicable_rule": NOT_APPLICABLE_RULES[ruleset.not_applicable],
        "physical": [
            schemas.PhysicalOut(fact=row.fact, unit=row.unit, minimum=_or(row.minimum), maximum=_or(row.maximum))
            for row in ruleset.physical
        ],
        "conversions": {
            unit: {name: exact(factor) for name, factor in by_name.items()}
            for unit, by_name in (ruleset.conversions or {}).items()
        },
        "cross_checks": [
            schemas.CrossCheckOut(
                code=row.code,
                fact=row.fact,
                parts=row.parts,
                unit=row.unit,
                tolerance=exact(row.tolerance),
                message=row.message,
                source=_source(row.source),
            )
            for row in ruleset.cross_checks
        ],
        "derived": [
            schemas.DerivedOut(
                code=row.code,
                name=row.name,
                unit=row.unit,
                formula=_formula(row.formula),
                minimum=None if row.minimum is None else f"{row.minimum:f}",
                maximum=None if row.maximum is None else f"{row.maximum:f}",
            )
            for row in ruleset.derived
        ],
        "valid_from": ruleset.valid_from,
        "valid_to": ruleset.valid_to,
        "source": _source(ruleset.source),
    }


def _or(number: Decimal | None) -> str | None:
    return None if number is None else exact(number)


def _by_product(row: ByProduct) -> schemas.ByProductOut:
    return schemas.ByProductOut(
        kind=row.kind,
        limit=row.limit,
        amount=_term(row.amount),
        output=_term(row.output),
        parameters=list(row.parameters),
        most=row.most,
        source=_source(row.source),
    )


def _indicator(row: Indicator) -> schemas.IndicatorOut:
    return schemas.IndicatorOut(
        code=row.code,
        number=row.number,
        name=row.name,
        dimension=row.dimension,
        type=row.type,
        unit=row.unit,
        weight=exact(row.weight),
        formula=_formula(row.formula),
        lead=exact(row.fixed.lead) if row.fixed else None,
        baseline=exact(row.fixed.baseline) if row.fixed else None,
        minimum=_or(row.minimum),
        maximum=_or(row.maximum),
        may_not_apply=row.may_not_apply,
        by_product=_by_product(row.by_product) if row.by_product else None,
        tiers=[
            schemas.TierOut(below=_or(step.below), lead=exact(step.lead), baseline=exact(step.baseline))
            for step in (row.tiers.steps if row.tiers else ())
        ],
        source=_source(row.source),
    )


def _formula(row: Formula) -> schemas.FormulaOut:
    return schemas.FormulaOut(
        op=row.op,
        of=[_term(term) for term in row.of],
        over=[_term(term) for term in row.over],
        times=exact(row.times),
        fact=row.fact,
        members={member.code: member.name for member in row.members},
        claims=list(row.claims),
        evidence=list(row.evidence),
        span=row.span,
        parts={part.code: [_term(term) for term in part.of] for part in row.parts},
        shrinking_full=exact(row.shrinking_full),
        source=_source(row.source),
    )


def _term(row: Term) -> schemas.TermOut:
    return schemas.TermOut(
        fact=row.fact, unit=row.unit, years=list(row.years), times=exact(row.times), missing=row.missing
    )


def _source(row: Source) -> schemas.SourceOut:
    return schemas.SourceOut(document=row.document, article=row.article, assumption=row.assumption)
