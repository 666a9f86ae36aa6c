"""Rulesets (评分规则): which indicators there are, what they are computed from, and how many points they can bring.

A ruleset is data from a closed set of operators (ratio, amount, count, mark). It says nothing about lead and baseline
(引领值, 基准值) unless the document prints them: those are entered by an authority as a benchmark set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from gf_policy.errors import PolicyError
from gf_policy.model import Source

IndicatorType = Literal["inverse", "positive", "qualitative", "count"]
Operator = Literal["ratio", "amount", "count", "mark"]


@dataclass(frozen=True, slots=True)
class Term:
    """One value of the form as a formula reads it, summed over its years."""

    fact: str
    unit: str
    #: Offsets from the evaluation year (评价年); None is a value without a year.
    years: tuple[int | None, ...]
    times: Decimal
    #: "zero" counts as zero as long as another term beside it is given.
    missing: Literal["not_scorable", "zero"]


@dataclass(frozen=True, slots=True)
class Member:
    """One element of a set that is counted, for example one function of the energy-carbon system."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Formula:
    op: Operator
    of: tuple[Term, ...]
    over: tuple[Term, ...]
    times: Decimal
    #: count: the fact that holds the set, and what counts in it.
    fact: str
    members: tuple[Member, ...]
    #: mark: what the applicant claims, and the evidence slots that belong to it.
    claims: tuple[str, ...]
    evidence: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Lead and baseline of one indicator (引领值, 基准值)."""

    lead: Decimal
    baseline: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Indicator:
    code: str
    number: int
    name: str
    dimension: str
    type: IndicatorType
    unit: str
    weight: Decimal
    formula: Formula
    #: Lead and baseline where the document itself prints them.
    fixed: Benchmark | None
    minimum: Decimal | None
    maximum: Decimal | None
    may_not_apply: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Dimension:
    code: str
    name: str
    weight: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A scoring table of one jurisdiction, year and category, with its hash."""

    id: str
    version: str
    #: SHA-256 (hex) over the file's data in canonical JSON.
    hash: str
    title: str
    base: str
    category: str
    kinds: tuple[str, ...]
    #: Empty: the general rules (通则).
    key_industries: tuple[str, ...]
    years_before: int
    full: Decimal
    scale: int
    minimum_share: Decimal
    entered_by: tuple[str, ...]
    without_own_set: Literal["general", "not_scorable"]
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]
    source: Source
    #: What no document says: where it stands in the file, and why it is so.
    assumptions: tuple[tuple[str, str], ...]
    file: str

    def indicator(self, code: str) -> Indicator | None:
        return next((indicator for indicator in self.indicators if indicator.code == code), None)

    def evaluation_year(self, campaign_year: int) -> int:
        return campaign_year - self.years_before


@dataclass(frozen=True, slots=True)
class BenchmarkValue:
    indicator: str
    lead: Decimal
    baseline: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class BenchmarkDraft:
    """A benchmark set as a file proposes it; it holds only once an authority has published it."""

    title: str
    key_industry: str
    values: tuple[BenchmarkValue, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkFile:
    id: str
    ruleset: str
    authority: str
    document: str
    person: str
    demo: bool
    sets: tuple[BenchmarkDraft, ...]


class RulesetTable:
    """Every ruleset there is, by what it covers."""

    def __init__(self, rulesets: Sequence[Ruleset]) -> None:
        self._by_id: dict[str, Ruleset] = {}
        self._by_cover: dict[tuple[str, str, str], Ruleset] = {}
        for ruleset in rulesets:
            if ruleset.id in self._by_id:
                raise PolicyError(ruleset.file, f"评分规则编号 {ruleset.id} 重复。")
            self._by_id[ruleset.id] = ruleset
            for key in ruleset.key_industries or ("",):
                cover = (ruleset.base, ruleset.category, key)
                if cover in self._by_cover:
                    raise PolicyError(ruleset.file, f"与 {self._by_cover[cover].id} 适用范围重叠：{cover}。")
                self._by_cover[cover] = ruleset

    def __iter__(self) -> Iterator[Ruleset]:
        return iter(self._by_id.values())

    def get(self, ruleset_id: str) -> Ruleset | None:
        return self._by_id.get(ruleset_id)

    def find(self, base: str, category: str, *, key_industry: str | None = None) -> Ruleset | None:
        """The key industry's own table, else the general rules (N25-53); None where no ruleset covers it."""
        own = self._by_cover.get((base, category, key_industry or ""))
        return own or self._by_cover.get((base, category, ""))


def load_rulesets(root: Path) -> RulesetTable:
    """Every ``ruleset*.yaml`` below ``root``, checked."""
    return RulesetTable([_ruleset(*_read(path, root, "ruleset")) for path in sorted(root.rglob("ruleset*.yaml"))])


def load_benchmarks(root: Path) -> tuple[BenchmarkFile, ...]:
    """Every ``benchmarks*.yaml`` below ``root``, checked against its ruleset."""
    table = load_rulesets(root)
    files = sorted(root.rglob("benchmarks*.yaml"))
    return tuple(_benchmarks(*_read(path, root, "benchmarks"), table) for path in files)


# --- reading --------------------------------------------------------------------------------------------------------


class _Place:
    """Says in which file and line something is wrong."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text

    def error(self, reason: str, *path: str | int) -> PolicyError:
        node, line = yaml.compose(self._text, Loader=_LOADER), None
        for step in path:
            node = _child(node, step)
            if node is None:
                break
            line = node.start_mark.line + 1
        return PolicyError(self.file, reason, line)


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _read(path: Path, root: Path, schema: str) -> tuple[dict[str, Any], _Place]:
    file, text = path.relative_to(root).as_posix(), path.read_text("utf-8")
    return _parsed(file, text, root, schema), _Place(file, text)


@lru_cache(maxsize=64)
def _parsed(file: str, text: str, root: Path, schema: str) -> dict[str, Any]:
    """The file's data, checked against its schema; nobody changes it afterwards."""
    try:
        data: dict[str, Any] = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise PolicyError(file, "不是合法的 YAML。", mark.line + 1 if mark else None) from error
    for wrong in sorted(_validator(root, schema).iter_errors(data), key=lambda error: -len(error.path)):
        where = "/".join(map(str, wrong.absolute_path))
        reason = f"{where} 不符合 {schema}.schema.json：{wrong.message}"
        raise _Place(file, text).error(reason, *wrong.absolute_path)
    return data


#: The parser in C where the library was built with it; ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _validator(root: Path, name: str) -> Draft202012Validator:
    folder = root / "schema" if (root / "schema").is_dir() else Path(__file__).parent
    schemas = {
        path.name: json.loads(path.read_text("utf-8"))
        for path in (folder / "ruleset.schema.json", folder / "benchmarks.schema.json")
    }
    registry: Registry[Any] = Registry().with_resources(
        [(file, Resource.from_contents(schema)) for file, schema in schemas.items()]
    )
    return Draft202012Validator(schemas[f"{name}.schema.json"], registry=registry)


def _ruleset(data: dict[str, Any], place: _Place) -> Ruleset:
    ruleset = Ruleset(
        id=data["id"],
        version=data["version"],
        hash=hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
        title=data["title"],
        base=data["covers"]["base"],
        category=data["covers"]["category"],
        kinds=tuple(data["covers"]["kinds"]),
        key_industries=tuple(data["covers"].get("key_industries", ())),
        years_before=data["evaluation_year"]["before_campaign_year"],
        full=Decimal(data["points"]["full"]),
        scale=data["points"]["scale"],
        minimum_share=Decimal(data["unscorable_rows"]["minimum_share"]),
        entered_by=tuple(data["benchmarks"]["entered_by"]),
        without_own_set=data["benchmarks"]["without_own_set"],
        dimensions=tuple(
            Dimension(row["code"], row["name"], Decimal(row["weight"]), _source(row)) for row in data["dimensions"]
        ),
        indicators=tuple(_indicator(row) for row in data["indicators"]),
        source=_source(data),
        assumptions=tuple(_assumptions(data, "")),
        file=place.file,
    )
    _check(ruleset, place)
    return ruleset


def _check(ruleset: Ruleset, place: _Place) -> None:
    """Weights sum to the full mark, dimension by dimension; codes are unique; each type has its operator."""
    total = sum(indicator.weight for indicator in ruleset.indicators)
    if total != ruleset.full:
        raise place.error(f"各指标权重之和为 {total}，应为 {ruleset.full}。", "indicators")
    for index, dimension in enumerate(ruleset.dimensions):
        own = sum(indicator.weight for indicator in ruleset.indicators if indicator.dimension == dimension.code)
        if own != dimension.weight:
            raise place.error(f"{dimension.name}各指标权重之和为 {own}，应为 {dimension.weight}。", "dimensions", index)
    dimensions = {dimension.code for dimension in ruleset.dimensions}
    seen: set[str] = set()
    for index, indicator in enumerate(ruleset.indicators):
        if indicator.code in seen:
            raise place.error(f"指标 {indicator.code} 重复。", "indicators", index)
        seen.add(indicator.code)
        if indicator.dimension not in dimensions:
            raise place.error(f"指标 {indicator.code} 的一级指标不存在。", "indicators", index, "dimension")
        if indicator.formula.op not in _OPERATORS[indicator.type]:
            raise place.error(f"指标 {indicator.code} 的类型与计算方法不符。", "indicators", index, "formula")
        if indicator.fixed and _upside_down(indicator.type, indicator.fixed.lead, indicator.fixed.baseline):
            raise place.error(f"指标 {indicator.code} 的引领值劣于基准值。", "indicators", index, "fixed")
        if indicator.weight <= 0:
            raise place.error(f"指标 {indicator.code} 的权重应大于 0。", "indicators", index, "weight")


_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "inverse": ("ratio", "amount"),
    "positive": ("ratio", "amount"),
    "count": ("count",),
    "qualitative": ("mark",),
}


def _upside_down(kind: str, lead: Decimal, baseline: Decimal) -> bool:
    return lead > baseline if kind == "inverse" else lead < baseline


def _indicator(row: dict[str, Any]) -> Indicator:
    fixed, bounds = row.get("fixed"), row.get("range", {})
    return Indicator(
        code=row["code"],
        number=row["number"],
        name=row["name"],
        dimension=row["dimension"],
        type=row["type"],
        unit=row["unit"],
        weight=Decimal(row["weight"]),
        formula=_formula(row["formula"]),
        fixed=Benchmark(Decimal(fixed["lead"]), Decimal(fixed["baseline"]), _source(fixed)) if fixed else None,
        minimum=Decimal(bounds["min"]) if "min" in bounds else None,
        maximum=Decimal(bounds["max"]) if "max" in bounds else None,
        may_not_apply="may_not_apply" in row,
        source=_source(row),
    )


def _formula(row: dict[str, Any]) -> Formula:
    return Formula(
        op=row["op"],
        of=tuple(_term(term) for term in row.get("of", ())),
        over=tuple(_term(term) for term in row.get("over", ())),
        times=Decimal(row.get("times", 1)),
        fact=row.get("fact", ""),
        members=tuple(Member(member["code"], member["name"]) for member in row.get("members", ())),
        claims=tuple(row.get("claims", ())),
        evidence=tuple(row.get("evidence", ())),
        source=_source(row),
    )


def _term(row: dict[str, Any]) -> Term:
    years = row.get("years", [0])
    return Term(
        fact=row["fact"],
        unit=row["unit"],
        years=(None,) if years == "none" else tuple(years),
        times=Decimal(row.get("times", 1)),
        missing=row.get("missing", "not_scorable"),
    )


def _assumptions(node: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if set(node) == {"assumption"}:
            yield where.removesuffix("/source"), node["assumption"]
        for key, child in node.items():
            yield from _assumptions(child, f"{where}/{key}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            name = child.get("code", index) if isinstance(child, dict) else index
            yield from _assumptions(child, f"{where}/{name}")


def _source(row: dict[str, Any]) -> Source:
    source = row["source"]
    if "assumption" in source:
        return Source("", "", assumption=source["assumption"])
    return Source(source["document"], source["article"])


def _benchmarks(data: dict[str, Any], place: _Place, table: RulesetTable) -> BenchmarkFile:
    ruleset = table.get(data["ruleset"])
    if ruleset is None:
        raise place.error(f"没有评分规则 {data['ruleset']}。", "ruleset")
    for number, proposed in enumerate(data["sets"]):
        for index, value in enumerate(proposed["values"]):
            where = ("sets", number, "values", index)
            indicator = ruleset.indicator(value["indicator"])
            if indicator is None or indicator.type not in ("inverse", "positive") or indicator.fixed:
                raise place.error(f"{value['indicator']} 不是需要引领值和基准值的指标。", *where)
            if _upside_down(indicator.type, Decimal(value["lead"]), Decimal(value["baseline"])):
                raise place.error(f"{value['indicator']} 的引领值劣于基准值。", *where)
    return BenchmarkFile(
        id=data["id"],
        ruleset=data["ruleset"],
        authority=data["authority"],
        document=data["document"],
        person=data["person"],
        demo=data["demo"],
        sets=tuple(
            BenchmarkDraft(
                title=row["title"],
                key_industry=row.get("key_industry", ""),
                values=tuple(
                    BenchmarkValue(v["indicator"], Decimal(v["lead"]), Decimal(v["baseline"]), _source(v))
                    for v in row["values"]
                ),
            )
            for row in data["sets"]
        ),
    )
