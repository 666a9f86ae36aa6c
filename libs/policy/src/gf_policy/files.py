"""Reading policy files: YAML with line numbers, exact (no floats), checked against a JSON Schema and the manifest."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import yaml

from gf_policy.errors import PolicyError
from gf_policy.model import Source
from gf_policy.root import content

if TYPE_CHECKING:  # only for what is wrong: a file that fits is known without it
    from jsonschema.exceptions import ValidationError

#: The parser in C where the library was built with it; ten times as fast.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"

#: Keys and indexes from the top of a file to a value.
Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PolicyFile:
    """A parsed file with the line of every value, so that a fault can be pointed at."""

    name: str  # path inside policies/
    data: Mapping[str, Any]
    lines: Mapping[Where, int]
    #: Every `source` (also scope_source, mapping_source …) in the file with its path.
    sources: Sequence[tuple[Where, Mapping[str, Any]]]

    def line(self, path: Where) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def fault(self, reason: str, *path: str | int) -> PolicyError:
        return PolicyError(self.name, reason, self.line(path))


def read_yaml(root: Path, name: str) -> PolicyFile:
    try:
        text = content(root, name).decode("utf-8")
    except FileNotFoundError:
        raise PolicyError(name, "文件不存在。") from None
    except UnicodeDecodeError:
        raise PolicyError(name, "文件不是 UTF-8 编码。") from None
    return _parse(name, text)


def read_text(name: str, text: str) -> PolicyFile:
    """The same of a text that is not a file yet."""
    return _parse(name, text)


@functools.lru_cache(maxsize=256)
def _parse(name: str, text: str) -> PolicyFile:
    try:
        node = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise PolicyError(name, f"YAML 无法解析：{getattr(fault, 'problem', fault)}。", line) from None
    reading = _Reading(name)
    data = None if node is None else reading.value(node, ())
    if not isinstance(data, dict):
        raise PolicyError(name, "文件内容应为键值表。", 1)
    return PolicyFile(name, data, reading.lines, reading.sources)


class _Reading:
    """One walk over a file: its data, the line of every value, the sources."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.lines: dict[Where, int] = {}
        self.sources: list[tuple[Where, Mapping[str, Any]]] = []

    def value(self, node: yaml.Node, path: Where) -> Any:
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return _scalar(self._name, node)

    def _mapping(self, node: yaml.MappingNode, path: Where) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in mapping:
                raise PolicyError(self._name, f"键“{key}”重复。", key_node.start_mark.line + 1)
            here = (*path, key)
            value = mapping[key] = self.value(value_node, here)
            if isinstance(value, dict) and (key == "source" or key.endswith("_source")):
                self.sources.append((here, value))
        return mapping


def _scalar(name: str, node: yaml.Node) -> Any:
    text = str(node.value)
    match node.tag.removeprefix(_TAG):
        case "str" | "timestamp":  # dates stay text, the schema says how they look
            return text
        # No number of a policy is longer, and Python refuses to read very long ones.
        case "int" if text.lstrip("-").isdecimal() and len(text) <= 18:
            return int(text)
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "null":
            return None
    raise PolicyError(name, f"数值“{text[:40]}”请加引号书写，以免被当作浮点数。", node.start_mark.line + 1)


def check_schema(root: Path, file: PolicyFile, schema: str) -> None:
    name = f"schema/{schema}.schema.json"
    try:
        text = content(root, name).decode("utf-8")
    except FileNotFoundError:
        raise PolicyError(name, "文件不存在。") from None
    fault = _schema_fault(text, file)
    if fault is not None:
        raise fault


@functools.lru_cache(maxsize=64)
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema))


def fits(validator: jsonschema_rs.Draft202012Validator, data: Any) -> bool:
    try:
        return validator.is_valid(data)
    except ValueError:  # something that JSON does not have, as a date
        return False


@functools.lru_cache(maxsize=256)
def _schema_fault(schema: str, file: PolicyFile) -> PolicyError | None:
    """The quick validator knows that a file fits; what is wrong with one that does not, the other says better."""
    if fits(_validator(schema), file.data):
        return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    fault = best_match(Draft202012Validator(json.loads(schema)).iter_errors(file.data))
    return None if fault is None else file.fault(_plain(fault), *fault.absolute_path)


def _plain(fault: ValidationError) -> str:
    """A schema fault in words a policy author understands."""
    where = "/".join(str(part) for part in fault.absolute_path) or "文件顶层"
    texts: dict[str, Callable[[], str]] = {
        "required": lambda: f"缺少“{'、'.join(sorted({*_list(fault.validator_value)} - {*_list(fault.instance)}))}”",
        "additionalProperties": lambda: f"有不认识的键（{fault.message}）",
        "unevaluatedProperties": lambda: f"有不认识的键（{fault.message}）",
        "enum": lambda: f"“{fault.instance}”不在允许的取值 {fault.validator_value} 之中",
        "pattern": lambda: f"“{fault.instance}”写法不符合要求（{fault.validator_value}）",
        "type": lambda: f"“{fault.instance}”的类型应为 {fault.validator_value}",
        "oneOf": lambda: "应注明出处：document 与 article，或 assumption: 理由",
        "minItems": lambda: "不能为空",
    }
    text = texts.get(str(fault.validator), lambda: fault.message)
    return f"{where}：{text()}。"


def _list(value: Any) -> list[str]:
    return [str(each) for each in value]


def source_of(value: Mapping[str, Any]) -> Source:
    source = value["source"]
    return Source(
        document=source.get("document", ""),
        article=source.get("article", ""),
        assumption=source.get("assumption", ""),
    )


def article_of(value: Mapping[str, Any]) -> str:
    """The citation as people read it: "N25 三", or what was assumed."""
    return str(source_of(value))
