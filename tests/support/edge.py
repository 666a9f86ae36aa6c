"""The edge of the house seen from outside: every route, a valid body for each, and what a refusal must look like."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from gf_standalone.compose import Service
from gf_standalone.databases import ServiceDatabase

Json = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: A JSON Pointer into the body, or one with the place before it: `query:/limit`, `header:/If-Match`.
POINTER = re.compile(r"^((query|header|cookie|path):)?(/[^/]*)*$")
#: Texts that a schema's pattern may ask for.
_CANDIDATES = ("x", "a", "1", "500112", "0" * 64, "submit", "https://example.cn/", "91500112MA6YY0UJ0G", "A", "")


@dataclass(frozen=True)
class Operation:
    """One operation of an OpenAPI document."""

    service: str
    method: str
    path: str
    spec: Json = field(compare=False, hash=False)
    components: Json = field(compare=False, hash=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path_names(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def names(self, place: str) -> list[str]:
        return [one["name"] for one in self.spec.get("parameters", []) if one["in"] == place]

    @property
    def schema(self) -> Json | None:
        """Schema of the JSON body; None where it takes none."""
        content: Json = self.spec.get("requestBody", {}).get("content", {})
        found = content.get("application/json", {}).get("schema")
        return _without_null(found) if found else None

    def resolve(self, schema: Json) -> Json:
        known: dict[str, Json] = {**self.schema_definitions, **self.components["schemas"]}
        found = schema
        while "$ref" in found:
            found = known[str(found["$ref"]).rpartition("/")[2]]
        return found

    @property
    def schema_definitions(self) -> dict[str, Json]:
        found: dict[str, Json] = (self.schema or {}).get("$defs", {})
        return found

    def validator_schema(self) -> Json:
        """The body's schema with its definitions beside it, for a validator."""
        text = {**self.components["schemas"], **self.schema_definitions}
        found: Json = _moved({"allOf": [self.schema or {}], "$defs": text})
        return found

    def sample(self, known: Mapping[str, Any]) -> Any:
        """A body that the schema allows; `known` gives real ids by the name of the property."""
        return self._sample(self.schema or {}, known)

    def _sample(self, schema: Json, known: Mapping[str, Any], name: str = "") -> Any:
        schema = self.resolve(_without_null(schema))
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if name in known and schema.get("type") not in ("object", "array"):
            return known[name]
        match schema.get("type"):
            case "object":
                return {key: self._sample(one, known, key) for key, one in schema.get("properties", {}).items()}
            case "array":
                return [self._sample(schema.get("items", {}), known, name.rstrip("s"))]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case "string":
                return _text(schema)
        return "1"


def _moved(node: Any) -> Any:
    if isinstance(node, dict):
        if str(node.get("pattern", "")).startswith("^-?[0-9]"):
            # A decimal is a string in every answer; coming in, a JSON number is as good.
            return {"anyOf": [node, {"type": "number"}]}
        return {
            key: value.replace("#/components/schemas/", "#/$defs/")
            if key == "$ref" and isinstance(value, str)
            else _moved(value)
            for key, value in node.items()
        }
    return [_moved(one) for one in node] if isinstance(node, list) else node


def _without_null(schema: Json) -> Json:
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return {**{key: value for key, value in schema.items() if key != "anyOf"}, **one}
    return schema


def _text(schema: Json) -> str:
    match schema.get("format"):
        case "uuid":
            return str(uuid.uuid4())
        case "date":
            return "2025-10-01"
        case "date-time":
            return "2025-12-01T00:00:00+08:00"
    pattern = schema.get("pattern")
    shortest = schema.get("minLength", 0)
    return next(
        one for one in _CANDIDATES if len(one) >= shortest and (pattern is None or re.search(pattern, one) is not None)
    )


def operations(services: Mapping[str, Service]) -> list[Operation]:
    """Every operation of the five OpenAPI documents."""
    found = []
    for name, service in services.items():
        document: Json = service.app.openapi()  # type: ignore[attr-defined]
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    found.append(Operation(name, method.upper(), path, item[method], document["components"]))
    return found


@dataclass(frozen=True)
class Address:
    """One route as the application knows it, described in OpenAPI or not."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def addresses(services: Mapping[str, Service]) -> list[Address]:
    """Every route of the five applications: APIs, pages, health, documents."""
    found = {
        Address(method, path)
        for service in services.values()
        for path, methods in _routes(service.app.routes)  # type: ignore[attr-defined]
        for method in methods - {"HEAD", "OPTIONS"}
    }
    return sorted(found, key=str)


def _routes(routes: Any) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        nested = getattr(route, "effective_candidates", None)
        if nested is not None:
            yield from _routes(nested())
        else:
            route = getattr(route, "starlette_route", None) or route
            yield re.sub(r":\w+}", "}", route.path), set(route.methods or ())


def fill(path: str, values: Mapping[str, Any]) -> str:
    """The path with its parameters filled."""
    return re.sub(r"{(\w+)}", lambda match: str(values.get(match[1], "x")), path)


# --- what an answer must look like ------------------------------------------------------------------------------------


class Fault(AssertionError):
    """An answer that no caller should ever see."""


def check(answer: httpx.Response, what: str) -> httpx.Response:
    """Never a 5xx; a refusal is a problem document in Chinese with code and pointers, and shows nothing inside."""
    if answer.status_code >= 500:
        raise Fault(f"{what}: {answer.status_code} {answer.text[:300]}")
    if answer.status_code >= 400:
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html"):
            _check_page(answer, what)
        else:
            _check_problem(answer, kind, what)
    return answer


def _check_page(answer: httpx.Response, what: str) -> None:
    path = answer.request.url.path
    if not re.match(r"^/\w+/(ui|ops)(/|$)", path):
        raise Fault(f"{what}: a page instead of a problem document")
    if not CHINESE.search(answer.text) or "Traceback" in answer.text:
        raise Fault(f"{what}: page without a word in Chinese, or with too many")


def _check_problem(answer: httpx.Response, kind: str, what: str) -> None:
    if kind.partition(";")[0] != "application/problem+json":
        raise Fault(f"{what}: {answer.status_code} as {kind!r}: {answer.text[:200]}")
    body = answer.json()
    missing = [name for name in ("type", "title", "status", "detail", "code") if not body.get(name)]
    if missing or body["status"] != answer.status_code:
        raise Fault(f"{what}: without {missing}: {body}")
    if not CHINESE.search(body["detail"]) or not CHINESE.search(body["title"]):
        raise Fault(f"{what}: no Chinese: {body}")
    if re.search(r"Traceback|sqlalchemy|asyncpg|File \"", answer.text):
        raise Fault(f"{what}: shows its inside: {body}")
    for one in body.get("errors", []):
        if not POINTER.match(one["pointer"]) or not one["code"] or not CHINESE.search(one["detail"]):
            raise Fault(f"{what}: error without pointer, code or a word in Chinese: {one}")


def pointers(answer: httpx.Response) -> list[str]:
    return [str(one["pointer"]) for one in answer.json().get("errors", [])]


# --- what a refused call must leave alone -----------------------------------------------------------------------------


#: Who was there: noted whatever they asked for, and whether or not it was refused.
NOTED = "official"


async def contents(database: ServiceDatabase) -> dict[str, tuple[int, int]]:
    """Rows and a digest of every table: nothing half stored stays unseen."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        tables = await connection.fetch(
            "select quote_ident(relname) as name from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> $1",
            NOTED,
        )
        query = " union all ".join(
            f"select '{one['name']}' as name, count(*) as n, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as h"
            f" from {one['name']} t"
            for one in tables
        )
        return {row["name"]: (row["n"], int(row["h"])) for row in await connection.fetch(query)}
    finally:
        await connection.close()
