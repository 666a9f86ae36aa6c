"""From a file to a ruleset (评分规则), checked: what is wrong is named with file, line and reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import yaml

from gf_policy.errors import PolicyError
from gf_policy.files import LOADER, fits
from gf_policy.limits import LimitTable
from gf_policy.model import Source
from gf_policy.root import content
from gf_policy.ruleset_model import (
    Band,
    Benchmark,
    ByProduct,
    CrossCheck,
    Derived,
    Dimension,
    Formula,
    Gate,
    Indicator,
    Member,
    Part,
    Physical,
    Ruleset,
    Term,
    Tier,
    Tiers,
)

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


def read_ruleset(root: Path, name: str, limits: LimitTable) -> Ruleset:
    return read_text(name, content(root, name).decode("utf-8"), root, limits)


def read_text(file: str, text: str, root: Path, limits: LimitTable) -> Ruleset:
    """The same of a text that is not a file yet."""
    return _ruleset_of(file, text, *_beneath(file, text, root), _schemas(root), limits)


@lru_cache(maxsize=64)
def _ruleset_of(file: str, text: str, other: str, beneath: str, schemas: _Schemas, limits: LimitTable) -> Ruleset:
    return _ruleset(_checked(file, text, other, beneath, "ruleset", schemas), Place(file, text), limits)


class Place:
    """Says in which file and line something is wrong."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text

    def error(self, reason: str, *path: str | int) -> PolicyError:
        node, line = yaml.compose(self._text, Loader=LOADER), None
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


def read_checked(path: Path, root: Path, schema: str) -> tuple[dict[str, Any], Place]:
    """The file's data, checked against its schema. ``same_as``: the other file's data, this one's put over it."""
    file, text = path.relative_to(root).as_posix(), path.read_text("utf-8")
    return _checked(file, text, *_beneath(file, text, root), schema, _schemas(root)), Place(file, text)


def _beneath(file: str, text: str, root: Path) -> tuple[str, str]:
    """Name and text of the file that this one says it is the same as; empty where it says nothing."""
    data = _parsed(file, text)
    if not isinstance(data, dict) or "same_as" not in data:
        return "", ""
    other = str(data["same_as"])
    try:
        return other, content(root, other).decode("utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise Place(file, text).error(f"没有文件 {other}。", "same_as") from None


@lru_cache(maxsize=256)
def _checked(file: str, text: str, other: str, beneath: str, schema: str, schemas: _Schemas) -> dict[str, Any]:
    """Known by the texts alone: a copy of the folder in which one file differs has one file to check, not all."""
    data = _parsed(file, text)
    if other:
        own = {key: value for key, value in data.items() if key != "same_as"}
        data = {**_parsed(other, beneath), **own}
    checked: dict[str, Any] = data
    if fits(_quick(schema, schemas), data):
        return checked
    for wrong in sorted(_validator(schema, schemas).iter_errors(data), key=lambda error: -len(error.path)):
        where = "/".join(map(str, wrong.absolute_path))
        reason = f"{where} 不符合 {schema}.schema.json：{wrong.message}"
        raise Place(file, text).error(reason, *wrong.absolute_path)
    return checked


@lru_cache(maxsize=256)
def _parsed(file: str, text: str) -> Any:
    """The file's data; nobody changes it afterwards."""
    try:
        return yaml.load(text, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise PolicyError(file, "不是合法的 YAML。", mark.line + 1 if mark else None) from error
    except ValueError as error:
        # A day that no calendar has, a whole number of thousands of digits.
        raise PolicyError(file, "有无法读取的日期或数值，请加引号书写。") from error


#: The texts of the schemas of rulesets and of their values, by file name.
_Schemas = tuple[tuple[str, str], ...]


@cache
def _schemas(root: Path) -> _Schemas:
    folder = root / "schema" if (root / "schema").is_dir() else Path(__file__).parent
    return tuple(
        (name, (folder / name).read_text("utf-8")) for name in ("ruleset.schema.json", "benchmarks.schema.json")
    )


@lru_cache(maxsize=8)
def _quick(name: str, texts: _Schemas) -> jsonschema_rs.Draft202012Validator:
    """Knows that a file fits, in a twentieth of the time; every start checks every file."""
    schemas = {file: json.loads(text) for file, text in texts}

    def beside(uri: str) -> Any:
        return schemas[uri.rpartition("/")[2]]

    return jsonschema_rs.Draft202012Validator(schemas[f"{name}.schema.json"], retriever=beside)


@lru_cache(maxsize=8)
def _validator(name: str, texts: _Schemas) -> Draft202012Validator:
    """Says what is wrong with a file that does not fit."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    schemas = {file: json.loads(text) for file, text in texts}
    registry: Registry[Any] = Registry().with_resources(
        [(file, Resource.from_contents(schema)) for file, schema in schemas.items()]
    )
    return Draft202012Validator(schemas[f"{name}.schema.json"], registry=registry)


def _ruleset(data: dict[str, Any], place: Place, limits: LimitTable) -> Ruleset:
    indicators = tuple(_indicator(row) for row in data["indicators"])
    used = limits if any(indicator.by_product for indicator in indicators) else None
    validity, rescale = data.get("validity", {}), data["not_applicable_rows"]["policy"]
    ruleset = Ruleset(
        id=data["id"],
        version=data["version"],
        hash=_hash(data, used),
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
            Dimension(row["code"], row["name"], Decimal(row["weight"]), source_in(row), row.get("bonus", False))
            for row in data["dimensions"]
        ),
        indicators=indicators,
        source=source_in(data),
        assumptions=tuple(_assumptions(data, "")),
        file=place.file,
        not_applicable=rescale,
        valid_from=_day(validity.get("from")),
        valid_to=_day(validity.get("to")),
        by_name=data["covers"].get("by_name", False),
        gates=tuple(_gate(row) for row in data.get("gates", ())),
        bands=tuple(_band(row) for row in data.get("bands", ())),
        physical=tuple(_physical(row) for row in data.get("physical", ())),
        cross_checks=tuple(_cross_check(row) for row in data.get("cross_checks", ())),
        derived=tuple(_derived(row) for row in data.get("derived", ())),
        conversions={
            row["unit"]: {name: Decimal(factor) for name, factor in row["from"].items()}
            for row in data.get("conversions", ())
        },
        limits=used,
    )
    _check(ruleset, place)
    return ruleset


def _hash(data: dict[str, Any], limits: LimitTable | None) -> str:
    """Over the file's data, and over the limits where its lines are scored by them."""
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode())
    for limit in limits or ():
        levels = {str(level): str(value) for level, value in limit.levels.items()}
        corrections = [
            [each.op, each.parameter, str(each.reference), {str(k): str(v) for k, v in each.by_level.items()}]
            for each in limit.corrections
        ]
        row = [limit.code, limit.unit, limit.effective.isoformat(), levels, corrections, list(limit.not_modelled)]
        digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()


def _check(ruleset: Ruleset, place: Place) -> None:
    """Weights sum to the full mark, dimension by dimension; codes are unique; each type has its operator."""
    bonus = {dimension.code for dimension in ruleset.dimensions if dimension.bonus}
    total = sum(indicator.weight for indicator in ruleset.indicators if indicator.dimension not in bonus)
    if total != ruleset.full:
        raise place.error(f"各指标权重之和为 {total}，应为 {ruleset.full}。", "indicators")
    for index, dimension in enumerate(ruleset.dimensions):
        own = sum(indicator.weight for indicator in ruleset.indicators if indicator.dimension == dimension.code)
        if own != dimension.weight and not (dimension.bonus and own >= dimension.weight):
            raise place.error(f"{dimension.name}各指标权重之和为 {own}，应为 {dimension.weight}。", "dimensions", index)
    _check_indicators(ruleset, place)
    if ruleset.valid_from and ruleset.valid_to and ruleset.valid_to <= ruleset.valid_from:
        raise place.error("有效期的止日应晚于起日。", "validity")
    bands = [band.at_least for band in ruleset.bands]
    if bands != sorted(set(bands), reverse=True):
        raise place.error("等级应从高到低排列，分数线互不相同。", "bands")


def _check_indicators(ruleset: Ruleset, place: Place) -> None:
    dimensions = {dimension.code for dimension in ruleset.dimensions}
    seen: set[str] = set()
    for index, indicator in enumerate(ruleset.indicators):
        here = ("indicators", index)
        if indicator.code in seen:
            raise place.error(f"指标 {indicator.code} 重复。", *here)
        seen.add(indicator.code)
        if indicator.dimension not in dimensions:
            raise place.error(f"指标 {indicator.code} 的一级指标不存在。", *here, "dimension")
        if indicator.formula.op not in _OPERATORS[indicator.type]:
            raise place.error(f"指标 {indicator.code} 的类型与计算方法不符。", *here, "formula")
        if indicator.fixed and upside_down(indicator.type, indicator.fixed.lead, indicator.fixed.baseline):
            raise place.error(f"指标 {indicator.code} 的引领值劣于基准值。", *here, "fixed")
        if indicator.weight <= 0:
            raise place.error(f"指标 {indicator.code} 的权重应大于 0。", *here, "weight")
        if indicator.tiers:
            _check_tiers(indicator, place, *here, "tiers")


def _check_tiers(indicator: Indicator, place: Place, *here: str | int) -> None:
    assert indicator.tiers is not None
    bounds = [step.below for step in indicator.tiers.steps]
    given = [bound for bound in bounds if bound is not None]
    if bounds[-1] is not None or len(given) != len(bounds) - 1 or given != sorted(set(given)):
        raise place.error(f"指标 {indicator.code} 的分档应从小到大，最后一档不设上限。", *here)
    if any(upside_down(indicator.type, step.lead, step.baseline) for step in indicator.tiers.steps):
        raise place.error(f"指标 {indicator.code} 有一档的引领值劣于基准值。", *here)


_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "inverse": ("ratio", "amount", "growth"),
    "positive": ("ratio", "amount", "growth"),
    "count": ("count",),
    "qualitative": ("mark",),
    "elasticity": ("elasticity",),
}


def takes_levels(indicator: Indicator) -> bool:
    """Whether an authority enters lead and baseline for it."""
    return indicator.type in ("inverse", "positive", "elasticity") and not indicator.fixed and not indicator.tiers


def upside_down(kind: str, lead: Decimal, baseline: Decimal) -> bool:
    return lead > baseline if kind in ("inverse", "elasticity") else lead < baseline


# --- the parts ------------------------------------------------------------------------------------------------------


def _indicator(row: dict[str, Any]) -> Indicator:
    fixed, bounds = row.get("fixed"), row.get("range", {})
    by_product, tiers = row.get("by_product"), row.get("tiers")
    return Indicator(
        code=row["code"],
        number=row["number"],
        name=row["name"],
        dimension=row["dimension"],
        type=row["type"],
        unit=row["unit"],
        weight=Decimal(row["weight"]),
        formula=_formula(row["formula"]),
        fixed=Benchmark(Decimal(fixed["lead"]), Decimal(fixed["baseline"]), source_in(fixed)) if fixed else None,
        minimum=_number(bounds.get("min")),
        maximum=_number(bounds.get("max")),
        may_not_apply="may_not_apply" in row,
        source=source_in(row),
        by_product=_by_product(by_product) if by_product else None,
        tiers=_tiers(tiers) if tiers else None,
    )


def _by_product(row: dict[str, Any]) -> ByProduct:
    return ByProduct(
        limit=row["limit"],
        amount=_term(row["amount"]),
        output=_term(row["output"]),
        parameters=tuple(row.get("parameters", ())),
        most=row["most"],
        kind=row["kind"],
        source=source_in(row),
    )


def _tiers(row: dict[str, Any]) -> Tiers:
    return Tiers(
        of=tuple(_term(term) for term in row["of"]),
        steps=tuple(
            Tier(_number(step.get("below")), Decimal(step["lead"]), Decimal(step["baseline"])) for step in row["steps"]
        ),
        source=source_in(row),
    )


def _formula(row: dict[str, Any]) -> Formula:
    return Formula(
        op=row["op"],
        of=tuple(_term(term) for term in row.get("of", ())) if row["op"] != "elasticity" else (),
        over=tuple(_term(term) for term in row.get("over", ())),
        times=Decimal(row.get("times", 1)),
        fact=row.get("fact", ""),
        members=tuple(Member(member["code"], member["name"]) for member in row.get("members", ())),
        claims=tuple(row.get("claims", ())),
        evidence=tuple(row.get("evidence", ())),
        source=source_in(row),
        span=row.get("span", 0),
        parts=tuple(
            Part(part["code"], part["name"], tuple(_term(term) for term in part["of"])) for part in row.get("parts", ())
        ),
        shrinking_full=Decimal(row.get("shrinking_full", 1)),
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


def _gate(row: dict[str, Any]) -> Gate:
    return Gate(row["code"], row["name"], row["fact"], row["must_be"], source_in(row))


def _band(row: dict[str, Any]) -> Band:
    return Band(row["code"], row["name"], Decimal(row["at_least"]), source_in(row))


def _physical(row: dict[str, Any]) -> Physical:
    return Physical(row["fact"], row["unit"], _number(row.get("min")), _number(row.get("max")), source_in(row))


def _cross_check(row: dict[str, Any]) -> CrossCheck:
    return CrossCheck(
        code=row["code"],
        fact=row["fact"],
        parts=row["parts"],
        unit=row["unit"],
        tolerance=Decimal(row["tolerance"]),
        message=row["message"],
        without_parts=row["without_parts"],
        source=source_in(row),
    )


def _derived(row: dict[str, Any]) -> Derived:
    low, high = _number(row.get("min")), _number(row.get("max"))
    return Derived(row["code"], row["name"], row["unit"], _formula(row["formula"]), low, high)


def _number(value: str | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _assumptions(node: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if "assumption" in node and set(node) <= {"assumption", "document", "article", "note"}:
            yield where.removesuffix("/source"), node["assumption"]
        for key, child in node.items():
            yield from _assumptions(child, f"{where}/{key}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            name = child.get("code", index) if isinstance(child, dict) else index
            yield from _assumptions(child, f"{where}/{name}")


def source_in(row: dict[str, Any]) -> Source:
    source = row["source"]
    return Source(source.get("document", ""), source.get("article", ""), source.get("assumption", ""))
