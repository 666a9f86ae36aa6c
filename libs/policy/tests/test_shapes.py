"""The short way of checking a file against its schema says yes exactly where jsonschema does."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from gf_policy import shapes
from gf_policy.files import read_yaml
from gf_policy.root import policies_root

ROOT = policies_root()
SCHEMAS: dict[str, Any] = {path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "schema").glob("*.json")}
#: Where the files of each schema lie.
FILES = {
    "authorities": "authorities/*.yaml",
    "benchmarks": "national/**/benchmarks*.yaml",
    "calendar": "calendars/20*.yaml",
    "cases": "**/cases.yaml",
    "documents": "documents.yaml",
    "form": "**/form-*.yaml",
    "key-industries": "industries/key-industries.yaml",
    "limits": "reference/*.yaml",
    "policy": "**/policy.yaml",
    "ranking": "**/ranking.yaml",
    "routes": "**/routes.yaml",
    "ruleset": "**/ruleset*.yaml",
    "sectors": "industries/sectors.yaml",
    "tables": "**/tables.yaml",
}
ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    0.5,
    10**20,
    "",
    "x",
    "2025-01-01",
    "1",
    [],
    [1, 1],
    [True, 1],
    {},
    {"x": 1},
    date(2025, 1, 1),
)


@cache
def both(name: str) -> tuple[shapes.Fits, Draft202012Validator]:
    schema = SCHEMAS[f"{name}.schema.json"]
    fits = shapes.compiled({**SCHEMAS, "": schema})
    assert fits is not None, "a keyword that only jsonschema knows: correct, but each start takes longer"
    known: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(one)) for file, one in SCHEMAS.items()
    )
    return fits, Draft202012Validator(schema, registry=known)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or indexes."""
    for key, child in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(child, (dict, list)):
            yield from places(child)


def spoil(chance: random.Random, data: Any) -> None:
    """One change anywhere: something gone, something odd in its place, something twice, something unheard of."""
    where, key = chance.choice(list(places(data)))
    match chance.randrange(5):
        case 0:
            del where[key]
        case 1 if isinstance(where, list):
            where.append(copy.deepcopy(where[key]))
        case 2 if isinstance(where, dict):
            where["unheard_of"] = where[key]
        case 3 if isinstance(where[key], (dict, list)) and where[key]:
            where[key] = type(where[key])()
        case _:
            where[key] = chance.choice(ODD)


def test_every_schema_has_files_here() -> None:
    assert {f"{name}.schema.json" for name in FILES} | {"calendar-guess.schema.json"} == set(SCHEMAS)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("changes", [pytest.param(5, id="few"), pytest.param(50, id="many", marks=pytest.mark.long)])
def test_both_agree_on_what_fits(name: str, changes: int) -> None:
    fits, judge = both(name)
    files = [read_yaml(ROOT, path.relative_to(ROOT).as_posix()).data for path in sorted(ROOT.glob(FILES[name]))]
    whole = [data for data in files if "same_as" not in data]
    assert all(fits(data) for data in whole)
    assert whole
    chance = random.Random(name)
    smallest = sorted(whole, key=lambda data: len(json.dumps(data)))[:2]
    said = []
    for _ in range(changes):
        data = copy.deepcopy(chance.choice(whole if changes > 5 else smallest))
        for _ in range(chance.randrange(1, 3)):
            if any(places(data)):
                spoil(chance, data)
        said.append(fits(data))
        assert said[-1] is judge.is_valid(data), data
    assert not all(said)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, [1, 1.0], [True, 1.5, "1"]),
        ({"enum": [1, "a", None]}, [1, "a", None, 1.0], [True, "1", False]),
        ({"const": True}, [True], [1, "true"]),
        ({"minimum": 1}, [1, "x", None, False], [0, 0.5]),
        ({"oneOf": [{"minLength": 2}, {"maxLength": 3}]}, ["a", "abcd"], ["ab", 1]),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "null"}}, [["a", None], []], [[None], ["a", "b"]]),
        ({"properties": {"a": {"type": "null"}}, "additionalProperties": False}, [{}, {"a": None}], [{"b": None}]),
        ({"additionalProperties": {"type": "null"}}, [{"a": None}, 1], [{"a": 1}]),
        ({"dependentRequired": {"a": ["b"]}}, [{"a": 1, "b": 1}, {"b": 1}, {}], [{"a": 1}]),
        ({"uniqueItems": True}, [[1, 2], [[], {}]], [[1, 1], [{}, {}]]),
        ({"$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["v"]}}, "$ref": "#/$defs/n"},
         [{"v": 1, "n": {"v": 1}}], [{"v": 1, "n": {}}]),
        ({"type": ["string", "null"], "pattern": "^a"}, ["ab", None], ["b", 1]),
    ],
)  # fmt: skip
def test_each_keyword(schema: Any, good: list[Any], bad: list[Any]) -> None:
    fits, judge = shapes.compiled({"": schema}), Draft202012Validator(schema)
    assert fits is not None
    for values, wanted in ((good, True), (bad, False)):
        for value in values:
            assert fits(value) is judge.is_valid(value) is wanted, value


def test_what_it_does_not_know_it_leaves_to_jsonschema() -> None:
    assert shapes.compiled({"": {"properties": {"a": {"if": {}, "then": False}}}}) is None
    assert shapes.compiled({"": {"$ref": "https://example.org/schema"}}) is None
