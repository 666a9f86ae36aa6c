"""Problem details (RFC 9457) for every error an answer can carry, with Chinese titles and JSON Pointers."""

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from gf_chassis import json
from gf_chassis.errors import FieldError

MEDIA_TYPE = "application/problem+json"
#: Problem types are relative references to a page that each service serves itself.
TYPE_BASE = "/problems/"

TITLES = {
    400: "请求格式有误",
    401: "未登录",
    403: "无权办理",
    404: "未找到",
    405: "不支持的请求方法",
    406: "无法提供所要求的格式",
    408: "请求超时",
    409: "当前状态不允许此操作",
    412: "内容已被更新",
    413: "请求内容过大",
    415: "不支持的内容类型",
    416: "请求范围无效",
    422: "内容未通过检查",
    428: "缺少版本条件",
    429: "请求过于频繁",
    431: "请求头过大",
    500: "服务内部错误",
    501: "不支持的请求",
    503: "服务暂时不可用",
}


#: What the codes of the chassis mean; a service's own codes explain themselves in ``detail``.
MEANINGS = {
    "validation": "请求的内容有一处或多处不符合接口定义。errors 逐项指出位置（JSON Pointer）与原因。",
    "malformed_json": "请求体不是合法的 JSON（RFC 8259，UTF-8）。",
    "duplicate_key": "同一对象中有重复的字段名，无法判断以哪个为准。",
    "number_out_of_range": "数字位数过多、指数过大，或整数超出 64 位。",
    "bad_character": "文本中含有 NUL、其他控制字符、不完整的字符或改变书写方向的字符。",
    "not_found": "地址或编号不存在，或不在您的权限范围内；两种情形的应答相同。",
    "unauthenticated": "请求没有携带访问令牌。",
    "invalid_token": "访问令牌的签名、签发者、受众或有效期不符合要求。",
    "role_required": "此事项须由其他角色办理。",
    "stale": "If-Match 所注明的版本已不是最新版本。请重新读取后再决定。",
    "precondition_required": "决定与修改须用 If-Match 注明所依据的版本。",
    "idempotency_key_reused": "同一 Idempotency-Key 曾用于内容不同的请求。",
    "idempotency_key_required": "此写操作须携带 Idempotency-Key，以便安全地重复提交。",
    "malformed_wait_for": "Wait-For 应与写操作返回的 Event-Position 相同，且属于本服务读取的主题。",
    "body_too_large": "请求体超过上限。",
    "overloaded": "服务正忙，请求未被处理；请按 Retry-After 稍后重试。",
    "temporarily_unavailable": "暂时性故障；请按 Retry-After 以相同的 Idempotency-Key 重试。",
    "internal": "服务内部错误，已记录；请将 traceId 告知运维人员。",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    rule: str | None = None,
    article: str | None = None,
    errors: Sequence[FieldError] = (),
    trace_id: str = "",
) -> dict[str, Any]:
    """The members of a problem document."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + code,
        "title": title or TITLES.get(status, "请求未能完成"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if rule:
        body["rule"] = rule
    if article:
        body["article"] = article
    if errors:
        body["errors"] = [_field(error) for error in errors]
    if trace_id:
        body["traceId"] = trace_id
    return body


def respond(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(body),
        status_code=body["status"],
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _field(error: Any) -> dict[str, Any]:
    # A domain's own field errors have the same names but need not be this class.
    row = {"pointer": error.pointer, "code": error.code, "detail": getattr(error, "detail", "")}
    if rule := getattr(error, "rule", None):
        row["rule"] = rule
    return row


def validation_errors(error: RequestValidationError) -> list[FieldError]:
    """Pydantic's findings in Chinese, without the rejected input (it may be personal or unprintable)."""
    return [FieldError(_pointer(item["loc"]), _code(item["type"]), explain(item)) for item in error.errors()[:100]]


def _pointer(loc: Sequence[Any]) -> str:
    place, *rest = loc or ("body",)
    path = json.pointer(*(str(token) for token in rest))
    return path if place == "body" else f"{place}:{path}"


def _code(kind: str) -> str:
    return _CODES.get(kind, kind)


_CODES = {"missing": "required", "extra_forbidden": "unknown_field", "json_invalid": "malformed_json"}

_TEXTS = {
    "missing": "缺少此项，请填写。",
    "extra_forbidden": "没有这个字段，请删除或检查拼写。",
    "json_invalid": "请求体不是合法的 JSON。",
    "string_type": "应为文本。",
    "string_too_short": "文本过短，至少 {min_length} 个字符。",
    "string_too_long": "文本过长，最多 {max_length} 个字符。",
    "string_pattern_mismatch": "格式不符合要求。",
    "int_type": "应为整数。",
    "int_parsing": "应为整数。",
    "int_parsing_size": "整数超出允许范围。",
    "int_from_float": "应为整数，不能带小数。",
    "float_type": "应为数字。",
    "float_parsing": "应为数字。",
    "finite_number": "应为有限的数字。",
    "bool_type": "应为 true 或 false。",
    "bool_parsing": "应为 true 或 false。",
    "decimal_parsing": "应为数字。",
    "greater_than": "应大于 {gt}。",
    "greater_than_equal": "应不小于 {ge}。",
    "less_than": "应小于 {lt}。",
    "less_than_equal": "应不大于 {le}。",
    "multiple_of": "应为 {multiple_of} 的倍数。",
    "uuid_type": "应为 UUID 标识。",
    "uuid_parsing": "应为 UUID 标识。",
    "uuid_version": "应为 UUID 标识。",
    "date_type": "应为日期，格式 YYYY-MM-DD。",
    "date_parsing": "应为日期，格式 YYYY-MM-DD。",
    "date_from_datetime_parsing": "应为日期，格式 YYYY-MM-DD。",
    "date_from_datetime_inexact": "应为日期，格式 YYYY-MM-DD。",
    "datetime_type": "应为时间，格式如 2025-10-20T09:00:00+08:00。",
    "datetime_parsing": "应为时间，格式如 2025-10-20T09:00:00+08:00。",
    "datetime_from_date_parsing": "应为时间，格式如 2025-10-20T09:00:00+08:00。",
    "timezone_aware": "时间应注明时区，例如 +08:00。",
    "enum": "应为下列之一：{expected}。",
    "literal_error": "应为下列之一：{expected}。",
    "list_type": "应为列表。",
    "tuple_type": "应为列表。",
    "set_type": "应为列表。",
    "dict_type": "应为对象。",
    "model_type": "应为对象。",
    "model_attributes_type": "应为 JSON 对象；请检查请求头 Content-Type 是否为 application/json。",
    "too_short": "至少 {min_length} 项。",
    "too_long": "最多 {max_length} 项。",
    "union_tag_invalid": "应为下列之一：{expected_tags}。",
    "union_tag_not_found": "缺少区分类型的字段。",
    "none_required": "此项应为空。",
    "url_parsing": "应为网址。",
}


def explain(item: dict[str, Any]) -> str:
    """One finding in plain Chinese."""
    kind = item["type"]
    if text := _TEXTS.get(kind):
        context = {key: str(value)[:80] for key, value in (item.get("ctx") or {}).items()}
        try:
            return text.format(**context)
        except (KeyError, IndexError):
            return text.split("{", maxsplit=1)[0]
    message = str(item.get("msg", ""))
    # Own validators write Chinese; anything else is the library's English and would not help the reader.
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if any("\u4e00" <= char <= "\u9fff" for char in message) else "内容不符合要求。"
