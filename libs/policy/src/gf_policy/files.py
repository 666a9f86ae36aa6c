"""Reading policy files: YAML with line numbers, exact (no floats), checked against a JSON Schema and the manifest."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from gf_policy.errors import PolicyError
from gf_policy.model import Source

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, eq=False)
class PolicyFile:
    """A parsed file with the line of every value, so that a fault can be pointed at."""

    name: str  # path inside policies/
    data: Mapping[str, Any]
    lines: Mapping[tuple[str | int, ...], int]

    def line(self, path: tuple[str | int, ...]) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def fault(self, reason: str, *path: str | int) -> PolicyError:
        return PolicyError(self.name, reason, self.line(path))

    def sources(self) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
        """Every `source` (also scope_source, mapping_source …) in the file with its path."""

        def walk(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
            if isinstance(value, Mapping):
                for key, child in value.items():
                    if (key == "source" or str(key).endswith("_source")) and isinstance(child, Mapping):
                        yield (*path, key), child
                    else:
                        yield from walk(child, (*path, key))
            elif isinstance(value, list):
                for index, child in enumerate(value):
                    yield from walk(child, (*path, index))

        return walk(self.data, ())


def read_yaml(root: Path, name: str) -> PolicyFile:
    path = root / name
    try:
        text = path.read_text(encoding="utf-8")
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
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise PolicyError(name, f"YAML 无法解析：{getattr(fault, 'problem', fault)}。", line) from None
    lines: dict[tuple[str | int, ...], int] = {}
    data = None if node is None else _build(name, node, (), lines)
    if not isinstance(data, dict):
        raise PolicyError(name, "文件内容应为键值表。", 1)
    return PolicyFile(name, data, lines)


def _build(name: str, node: yaml.Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in mapping:
                raise PolicyError(name, f"键“{key}”重复。", key_node.start_mark.line + 1)
            mapping[key] = _build(name, value_node, (*path, key), lines)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_build(name, child, (*path, index), lines) for index, child in enumerate(node.value)]
    return _scalar(name, node)


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
        text = (root / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(name, "文件不存在。") from None
    fault = _schema_fault(text, file)
    if fault is not None:
        raise fault


@functools.lru_cache(maxsize=64)
def _validator(text: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(text))


@functools.lru_cache(maxsize=256)
def _schema_fault(schema: str, file: PolicyFile) -> PolicyError | None:
    fault = best_match(_validator(schema).iter_errors(file.data))
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
