"""The quick validator of policy files says yes exactly where jsonschema does, who says what is wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from gf_policy.files import fits, read_yaml
from gf_policy.root import policies_root

ROOT = policies_root()
SCHEMAS: dict[str, Any] = {path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "schema").glob("*.json")}
#: A file of each schema.
FILES = {
    "authorities": "authorities/*.yaml",
    "benchmarks": "national/**/benchmarks*.yaml",
    "calendar": "calendars/20*.yaml",
    "calendar-guess": "calendars/guess.yaml",
    "cases": "**/cases.yaml",
    "documents": "documents.yaml",
    "form": "**/form-*.yaml",
    "key-industries": "industries/key-industries.yaml",
    "limits": "reference/*.yaml",
    "policy": "**/policy.yaml",
    "preferences": "**/preferences.yaml",
    "ranking": "**/ranking.yaml",
    "routes": "**/routes.yaml",
    "ruleset": "**/ruleset*.yaml",
    "sectors": "industries/sectors.yaml",
    "tables": "**/tables.yaml",
}
ODD = (None, True, False, 0, -1, 1.0, 0.5, 10**20, "", "x", "2025-01-01", "1", [], [True, 1], {}, {"x": 1}, date.max)


def both(name: str) -> tuple[jsonschema_rs.Draft202012Validator, Draft202012Validator]:
    schema = SCHEMAS[f"{name}.schema.json"]
    known: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(one)) for file, one in SCHEMAS.items()
    )
    quick = jsonschema_rs.Draft202012Validator(schema, retriever=lambda uri: SCHEMAS[uri.rpartition("/")[2]])
    return quick, Draft202012Validator(schema, registry=known)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or indexes."""
    for key, child in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(child, (dict, list)):
            yield from places(child)


def shortened(value: Any) -> Any:
    """A copy with the head of every list: what follows is of the same kind, and the judge takes its time."""
    if isinstance(value, dict):
        return {key: shortened(child) for key, child in value.items()}
    return [shortened(child) for child in value[:3]] if isinstance(value, list) else value


def test_a_file_of_every_schema_is_tried() -> None:
    assert {f"{name}.schema.json" for name in FILES} == SCHEMAS.keys()


@pytest.mark.parametrize("number", [4, pytest.param(40, marks=pytest.mark.long)], ids=["few", "many"])
@pytest.mark.parametrize("name", FILES)
def test_both_say_the_same_of_changed_files(name: str, number: int) -> None:
    quick, judge = both(name)
    file = next(path for path in sorted(ROOT.glob(FILES[name])) if "schema" not in path.parts)
    data = shortened(dict(read_yaml(ROOT, file.relative_to(ROOT).as_posix()).data))
    assert fits(quick, data)
    assert judge.is_valid(data)
    chance = random.Random(7)
    all_places = list(places(data))
    for container, key in chance.sample(all_places, min(number, len(all_places))):
        kept = container[key]
        for odd in chance.sample(ODD, 5):
            container[key] = odd
            assert fits(quick, data) == judge.is_valid(data), (name, key, odd)
        container[key] = kept
