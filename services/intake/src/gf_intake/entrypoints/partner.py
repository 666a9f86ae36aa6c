"""/intake/v1/partner: provincial systems, one by one and in bulk (used-by). The hot path of intake.

The single call is a hot route (`hot`), answered before the framework: the body is decoded once, strictly, and its
values are checked by the form alone. The FastAPI route of the same address is never reached; it describes the call in
the OpenAPI document.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from gf_chassis import json
from gf_chassis.errors import FieldError, Rejected
from gf_chassis.hot import Hot, HotCall
from gf_chassis.http import Router
from gf_chassis.idempotency import Answer, Once, once_of, request_hash
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_chassis.problems import problem, validation_errors
from gf_intake.bootstrap import Bootstrap
from gf_intake.domain.errors import DomainError
from gf_intake.entrypoints.decoding import decode
from gf_intake.entrypoints.schemas import PartnerBulkIn, PartnerHead, PartnerIn, SubmissionOut
from gf_intake.usecases.partner_request import PartnerCall
from gf_policy import PolicyLookupError

_BULK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": PartnerBulkIn.model_json_schema(ref_template="#/$defs/{model}")}},
    }
}
router = Router(prefix="/partner", tags=["合作平台 partner"])


def hot(intake: Bootstrap) -> Mapping[str, Hot]:
    """One call: create, verify, submit."""

    async def submit(call: HotCall) -> Answer:
        return await intake.submit_for_partner(_call(call.principal, call.once, decode(call.body)))

    return {"/intake/v1/partner/submissions": Hot("partner", submit, 2 * intake.submit_for_partner.batcher.cap)}


@router.post("/submissions", status_code=201, response_model=SubmissionOut, summary="一次调用完成新建、验证和上报")
async def documented(body: PartnerIn, principal: CurrentPrincipal) -> Response:  # pragma: no cover - never reached
    raise NotImplementedError


@router.post("/submissions/bulk", summary="批量上报:逐项返回结果", openapi_extra=_BULK)
async def submit_many(request: Request, principal: CurrentPrincipal) -> dict[str, Any]:
    """Each item on its own: one that is refused does not hold up the others. A repeated call repeats no item."""
    principal.require("partner", own=False)
    intake: Bootstrap = request.app.state.intake
    raw = await _body(request)
    whole = once_of(request, principal, raw, required=True)
    items = json.loads(raw)
    _require_items(items)
    results = await asyncio.gather(
        *(_one_of_many(intake, request, principal, whole, index, item) for index, item in enumerate(items["items"]))
    )
    return {"items": results}


async def _one_of_many(
    intake: Bootstrap, request: Request, principal: Principal, whole: Once, index: int, item: Any
) -> dict[str, Any]:
    """The key of an item is the call's key and its place; its hash covers the item alone."""
    hash_ = request_hash("POST", request.url.path, json.canonical(item))
    once = Once(whole.scope, f"{whole.key}#{index}", hash_, whole.service)
    try:
        answer = await intake.submit_for_partner(_call(principal, once, item))
    except (Rejected, DomainError, PolicyLookupError) as refused:
        return {"index": index, "status": refused.status, "problem": _problem(refused)}
    return {"index": index, "status": answer.status, "submission": json.loads(answer.body)}


def _call(principal: Principal, once: Once, body: Any) -> PartnerCall:
    """The head is validated here; values and note are the form's business."""
    if not isinstance(body, dict):
        raise Rejected("validation", "请求体应为对象。", errors=[FieldError("", "type", "应为对象")])
    content = {name: body[name] for name in ("values", "note") if name in body}
    head = _head({name: value for name, value in body.items() if name not in content})
    return PartnerCall(
        principal=principal,
        once=once,
        campaign_id=head.campaign_id,
        kind=head.kind,
        unit_id=head.unit_id,
        uscc=head.uscc,
        category=head.category,
        content=content,
        evidence=[(one.slot, one.evidence_id) for one in head.evidence],
    )


def _head(fields: dict[str, Any]) -> PartnerHead:
    try:
        return PartnerHead.model_validate(fields)
    except ValidationError as error:
        located = RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()])
        raise Rejected("validation", "请求内容未通过检查,请按提示修改。", errors=validation_errors(located)) from None


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Rejected("unsupported_media_type", "请求头 Content-Type 应为 application/json。", status=415)
    return await request.body()


def _problem(refused: Any) -> dict[str, Any]:
    found: dict[str, Any] = problem(
        refused.status,
        refused.code,
        refused.detail,
        rule=refused.rule,
        article=refused.article,
        errors=tuple(refused.errors),
    )
    found["type"] = f"/intake{found['type']}"
    return found


def _require_items(body: Any) -> None:
    if isinstance(body, dict) and (unknown := sorted(body.keys() - {"items"})):
        text = "没有这个字段,请删除或检查拼写。"
        errors = [FieldError(json.pointer(name), "unknown_field", text) for name in unknown]
        raise Rejected("validation", "请求内容未通过检查,请按提示修改。", errors=errors[:100])
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        raise Rejected(
            "validation", '请求体应形如 {"items": [...]}。', errors=[FieldError("/items", "type", "应为数组")]
        )
    if not 1 <= len(body["items"]) <= 200:
        raise Rejected("validation", "每次 1 至 200 项。", errors=[FieldError("/items", "length", "1 至 200 项")])
