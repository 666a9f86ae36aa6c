"""Whether data fits a JSON Schema (draft 2020-12), in a tenth of jsonschema's time: every start checks every file.

Only a yes counts. What does not fit is put to jsonschema, which is the judge and knows how to say why; a schema with a
keyword that is not known here goes to jsonschema always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any

Fits = Callable[[Any], bool]
#: The schemas that a reference may lead to, by file name; "" is the one that is compiled.
Schemas = Mapping[str, Mapping[str, Any]]

_TYPES: dict[str, Fits] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}
_SILENT = frozenset({"$schema", "$id", "$defs", "title", "description", "$comment"})


class UnknownKeyword(Exception):
    """The schema says something that only jsonschema understands."""


def compiled(schemas: Schemas) -> Fits | None:
    """The check of `schemas[""]`; None where jsonschema has to be asked."""
    try:
        return _Compiler(schemas).schema("", schemas[""])
    except UnknownKeyword:
        return None


class _Compiler:
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._referred: dict[tuple[str, str], Fits] = {}

    def schema(self, home: str, schema: Any) -> Fits:
        if isinstance(schema, bool):
            return lambda value: schema
        rest = {key: one for key, one in schema.items() if key not in _SILENT}
        if not rest.keys() <= _KEYWORDS.keys():
            raise UnknownKeyword(sorted(rest.keys() - _KEYWORDS.keys()))
        # What looks at several keywords at once stands under the first of them.
        checks = [check for key in rest if (check := _KEYWORDS[key](self, home, rest)) is not None]
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(check(value) for check in checks)

    def ref(self, home: str, schema: Mapping[str, Any]) -> Fits:
        file, _, pointer = schema["$ref"].partition("#")
        place = (file or home, pointer)
        if place[0] not in self._schemas or not (pointer == "" or pointer.startswith("/")) or "~" in pointer:
            raise UnknownKeyword(schema["$ref"])
        if place not in self._referred:
            # Entered before it is compiled: a schema may contain itself.
            self._referred[place] = lambda value: self._referred[place](value)
            found: Any = self._schemas[place[0]]
            for step in pointer.split("/")[1:]:
                found = found[step]
            self._referred[place] = self.schema(place[0], found)
        return self._referred[place]

    def type(self, home: str, schema: Mapping[str, Any]) -> Fits:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not _TYPES.keys() >= set(names):
            raise UnknownKeyword(names)
        if len(names) == 1:
            return _TYPES[names[0]]
        types = [_TYPES[name] for name in names]
        return lambda value: any(one(value) for one in types)

    def among(self, home: str, schema: Mapping[str, Any]) -> Fits:
        allowed = schema["enum"] if "enum" in schema else [schema["const"]]
        if ("enum" in schema and "const" in schema) or any(isinstance(one, (dict, list)) for one in allowed):
            raise UnknownKeyword("enum")
        # True is not 1 here.
        return lambda value: any(value == one and isinstance(value, bool) is isinstance(one, bool) for one in allowed)

    def pattern(self, home: str, schema: Mapping[str, Any]) -> Fits:
        search = re.compile(schema["pattern"]).search
        return lambda value: not isinstance(value, str) or search(value) is not None

    def one_of(self, home: str, schema: Mapping[str, Any]) -> Fits:
        ways = [self.schema(home, one) for one in schema["oneOf"]]
        return lambda value: sum(way(value) for way in ways) == 1

    def members(self, home: str, schema: Mapping[str, Any]) -> Fits:
        """properties and additionalProperties in one go."""
        named = {key: self.schema(home, one) for key, one in schema.get("properties", {}).items()}
        other = self.schema(home, schema.get("additionalProperties", True))

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            return all(named.get(key, other)(each) for key, each in value.items())

        return check

    def more_members(self, home: str, schema: Mapping[str, Any]) -> Fits | None:
        return None if "properties" in schema else self.members(home, schema)

    def names(self, home: str, schema: Mapping[str, Any]) -> Fits:
        one = self.schema(home, schema["propertyNames"])
        return lambda value: not isinstance(value, dict) or all(one(key) for key in value)

    def required(self, home: str, schema: Mapping[str, Any]) -> Fits:
        names = frozenset(schema["required"])
        return lambda value: not isinstance(value, dict) or value.keys() >= names

    def dependent(self, home: str, schema: Mapping[str, Any]) -> Fits:
        needs = {key: frozenset(names) for key, names in schema["dependentRequired"].items()}
        return lambda value: (
            not isinstance(value, dict)
            or all(key not in value or value.keys() >= names for key, names in needs.items())
        )

    def items(self, home: str, schema: Mapping[str, Any]) -> Fits:
        """prefixItems and items in one go."""
        first = [self.schema(home, one) for one in schema.get("prefixItems", ())]
        rest = self.schema(home, schema.get("items", True))
        count = len(first)

        def check(value: Any) -> bool:
            if not isinstance(value, list):
                return True
            return all(one(each) for one, each in zip(first, value, strict=False)) and all(map(rest, value[count:]))

        return check

    def more_items(self, home: str, schema: Mapping[str, Any]) -> Fits | None:
        return None if "prefixItems" in schema else self.items(home, schema)

    def unique(self, home: str, schema: Mapping[str, Any]) -> Fits:
        if schema["uniqueItems"] is not True:
            raise UnknownKeyword("uniqueItems")
        return lambda value: (
            not isinstance(value, list) or all(one not in value[:index] for index, one in enumerate(value))
        )


Build = Callable[[_Compiler, str, Mapping[str, Any]], Fits]


def _size(keyword: str, kind: type[Sized], least: bool) -> Build:
    def build(compiler: _Compiler, home: str, schema: Mapping[str, Any]) -> Fits:
        bound = schema[keyword]
        if least:
            return lambda value: not isinstance(value, kind) or len(value) >= bound
        return lambda value: not isinstance(value, kind) or len(value) <= bound

    return build


def _bound(keyword: str, least: bool) -> Build:
    def build(compiler: _Compiler, home: str, schema: Mapping[str, Any]) -> Fits:
        bound = schema[keyword]

        def check(value: Any) -> bool:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return True
            return bool(value >= bound if least else value <= bound)

        return check

    return build


_KEYWORDS: dict[str, Callable[[_Compiler, str, Mapping[str, Any]], Fits | None]] = {
    "$ref": _Compiler.ref,
    "type": _Compiler.type,
    "enum": _Compiler.among,
    "const": _Compiler.among,
    "pattern": _Compiler.pattern,
    "oneOf": _Compiler.one_of,
    "properties": _Compiler.members,
    "additionalProperties": _Compiler.more_members,
    "propertyNames": _Compiler.names,
    "required": _Compiler.required,
    "dependentRequired": _Compiler.dependent,
    "prefixItems": _Compiler.items,
    "items": _Compiler.more_items,
    "uniqueItems": _Compiler.unique,
    "minLength": _size("minLength", str, True),
    "maxLength": _size("maxLength", str, False),
    "minItems": _size("minItems", list, True),
    "maxItems": _size("maxItems", list, False),
    "minProperties": _size("minProperties", dict, True),
    "maxProperties": _size("maxProperties", dict, False),
    "minimum": _bound("minimum", True),
    "maximum": _bound("maximum", False),
}
