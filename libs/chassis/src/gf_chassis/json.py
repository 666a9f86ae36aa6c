"""One strict JSON decoder for raw bodies, and ``ApiModel``, the base of every API schema.

Refused with a clear 4xx, never a 5xx: malformed text, duplicate keys, ``NaN``/``Infinity``, numbers with too many
digits or a giant exponent, integers beyond 64 bits, NUL and lone surrogates, deep nesting.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Annotated, Any, NoReturn

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gf_chassis.errors import FieldError, Rejected

MAX_DEPTH = 24
MAX_NUMBER_LENGTH = 40
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)

#: Plain notation, 18 digits before the point and 12 after: what the events carry and the tables hold.
DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,12})?", re.ASCII)
#: Control characters but tab and line ends, lone surrogates, marks that turn the direction of writing, non-characters.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


class BadJson(Rejected):
    """The body is not JSON as RFC 8259 and this house understand it (请求体不是合法的 JSON)."""

    status = 400

    def __init__(self, detail: str, *, code: str = "malformed_json", pointer: str = "") -> None:
        super().__init__(code, detail, errors=(FieldError(pointer, code, detail),))


def loads(raw: bytes | bytearray | memoryview | str) -> Any:
    """Decode strictly. Numbers with a fraction become ``Decimal``: nothing is rounded on the way in."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else bytes(raw)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJson("请求体不是合法的 UTF-8 文本。") from None
    if _too_deep(data, text):
        raise BadJson(f"请求体嵌套过深，最多 {MAX_DEPTH} 层。", code="too_deep")
    try:
        value = _DECODER.decode(text)
    except JSONDecodeError as error:
        raise BadJson(f"请求体不是合法的 JSON：第 {error.lineno} 行第 {error.colno} 列附近有误。") from None
    if _may_hold_unwanted(data) and ("\\u" in text or _UNWANTED.search(text)):
        _check_strings(value, "")
    return value


def _may_hold_unwanted(data: bytes) -> bool:
    # Bytes with which an unwanted character begins, and the escape; raw control characters are no JSON at all.
    return any(sign in data for sign in (b"\\u", b"\x7f", b"\xc2", b"\xe2\x80", b"\xe2\x81", b"\xef\xbf"))


def dumps(value: Any) -> bytes:
    """Encode; ``Decimal`` as a string in plain notation."""
    return orjson.dumps(value, default=_encode)


def canonical(value: Any) -> bytes:
    """Encode with sorted keys: the form over which content and request hashes are taken."""
    return orjson.dumps(value, default=_encode, option=orjson.OPT_SORT_KEYS)


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BadJson(f"字段 {_printable(name)} 重复出现。", code="duplicate_key")
    return result


def _int(text: str) -> int:
    if len(text) < 19:
        return int(text)
    # int() of a long string is quadratic: the length is checked first.
    if len(text) > 20 or not INT64_MIN <= (number := int(text)) <= INT64_MAX:
        raise BadJson("整数超出允许范围（64 位）。", code="number_out_of_range")
    return number


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_LENGTH:
        raise BadJson(f"数字过长，最多 {MAX_NUMBER_LENGTH} 个字符。", code="number_out_of_range")
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -30 or number.adjusted() > 30:
        raise BadJson("数字的指数超出允许范围。", code="number_out_of_range")
    return number


def _constant(text: str) -> NoReturn:
    raise BadJson(f"不接受 {text}：请填写有限的数字。", code="not_a_number")


_DECODER = JSONDecoder(object_pairs_hook=_pairs, parse_int=_int, parse_float=_decimal, parse_constant=_constant)


def _too_deep(data: bytes, text: str) -> bool:
    """Whether brackets are nested deeper than allowed, in C speed for the usual text without brackets in strings."""
    left = data.translate(None, _NO_STRUCTURE)
    if b"\\" not in left:
        left = left.replace(b'""', b"")
        if b'"' not in left:
            for _ in range(MAX_DEPTH):
                if not left:
                    return False
                left = left.replace(b"{}", b"").replace(b"[]", b"")
    if not left:
        return False
    depth = 0
    for match in _STRUCTURE.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token in "]}":
            depth -= 1
    return False


_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"\\')
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def _check_strings(value: Any, pointer: str) -> None:
    if isinstance(value, str):
        if _UNWANTED.search(value):
            raise BadJson("文本中含有不允许的控制字符或不完整的字符。", code="bad_character", pointer=pointer)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key, pointer)
            _check_strings(item, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_strings(item, f"{pointer}/{index}")


def escape(token: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def pointer(*tokens: str | int) -> str:
    """A JSON Pointer from its tokens."""
    return "".join(f"/{escape(str(token))}" for token in tokens)


def _printable(text: str) -> str:
    return _UNWANTED.sub("?", text)[:60]


def unwanted(text: str) -> bool:
    """Whether the text holds characters that have no place in it."""
    return _UNWANTED.search(text) is not None


def clean_text(value: Any) -> Any:
    """Refuse characters that have no place in text (also in query parameters and form fields)."""
    if isinstance(value, str) and _UNWANTED.search(value):
        raise PydanticCustomError("bad_character", "文本中含有不允许的控制字符或不完整的字符")
    return value


def exact_decimal(value: Any) -> Decimal:
    """A decimal from ``"123.4"``, ``123`` or ``123.4``; ASCII digits, plain notation, at most 18.12 digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("decimal_type", '请填写数字，例如 "123.4"')
    text = value if isinstance(value, str) else format(value, "f") if isinstance(value, Decimal) else str(value)
    if not DECIMAL.fullmatch(text):
        raise PydanticCustomError(
            "decimal_format", "请填写半角数字，整数部分最多 18 位、小数部分最多 12 位，不用科学计数法"
        )
    return Decimal(text)


#: An exact decimal; a string in every answer.
ExactDecimal = Annotated[
    Decimal,
    BeforeValidator(exact_decimal),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$", "examples": ["123.4"]}),
]
#: A whole number of up to 64 bits: sizes, versions, event numbers.
Int64 = Annotated[int, Field(strict=True, ge=INT64_MIN, le=INT64_MAX)]
#: A query parameter or form field of text.
CleanText = Annotated[str, BeforeValidator(clean_text)]


def _tighten(node: Any) -> None:
    """Set plain fields strict. FastAPI validates in Python mode, where ``strict=True`` would refuse ids and dates."""
    if isinstance(node, dict):
        tighten = _STRICT.get(node.get("type", "")) if isinstance(node.get("type"), str) else None
        if tighten:
            tighten(node)
        if node.get("type") == "function-before" and node["function"]["function"] is _no_timestamp:
            return  # schemas of models inside models come by more than once
        for key, child in node.items():
            if key not in ("metadata", "serialization", "ref"):
                _tighten(child)
    elif isinstance(node, list | tuple):
        for child in node:
            _tighten(child)


def _strict(node: dict[str, Any]) -> None:
    node.setdefault("strict", True)


def _strict_int(node: dict[str, Any]) -> None:
    node.setdefault("strict", True)
    if "le" not in node and "lt" not in node:
        node["le"] = INT32_MAX
    if "ge" not in node and "gt" not in node:
        node["ge"] = INT32_MIN


def _only_written(node: dict[str, Any]) -> None:
    inner = dict(node)
    node.clear()
    node.update(core_schema.no_info_before_validator_function(_no_timestamp, inner))


def _no_timestamp(value: Any) -> Any:
    """Pydantic would also read 1759276800 and "1759276800" as a date; nobody who writes that means it.

    Years at the ends of the calendar are refused too: such an instant overflows as soon as it is told in another zone.
    """
    if isinstance(value, int | float | Decimal) or (isinstance(value, str) and not _YEAR_FIRST.match(value)):
        raise PydanticCustomError("date_format", "请按 2025-10-01 或 2025-10-01T08:00:00+08:00 的格式填写")
    if isinstance(value, str) and not "1900" <= value.strip()[:4] <= "2999":
        raise PydanticCustomError("date_range", "年份超出允许范围（1900 至 2999）")
    return value


_YEAR_FIRST = re.compile(r"\s*[0-9]{4}-", re.ASCII)

_STRICT: dict[str, Callable[[dict[str, Any]], None]] = {
    "date": _only_written,
    "datetime": _only_written,
    "int": _strict_int,
    "bool": _strict,
    "float": _strict,
    "str": _strict,
}


class ApiModel(BaseModel):
    """Base of every API schema: unknown fields refused, no silent conversion, whole numbers within 32 bits.

    Plain ``int``, ``bool``, ``float`` and ``str`` fields are strict (``"1"`` and ``true`` are no integers); ids, dates,
    instants and enumerations are read from their strings. A field that needs 64 bits says so with ``Field(le=…)``.
    """

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        allow_inf_nan=False,
        frozen=True,
        use_enum_values=False,
        populate_by_name=True,
        ser_json_inf_nan="null",
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _no_number(cls, value: Any) -> Any:
        # FastAPI reads attributes of what is no mapping: a Decimal would pass for an object with every field left out.
        if isinstance(value, Decimal):
            raise PydanticCustomError("object_type", "应为对象（花括号括起的各字段）")
        return value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _tighten(schema)
        return schema
