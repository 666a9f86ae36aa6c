"""单位信息: the unit's profile, versioned; the superior authority is part of it (DM-superior)."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.errors import Stale
from gf_chassis.forms import new_key, text, version_seen
from gf_chassis.http import PathId
from gf_chassis.identity import Principal
from gf_chassis.web import CheckedForm, redirect, render
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.errors import UnitInReview
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.schemas import ProfileIn, UnitIn
from gf_intake.usecases import read_units
from gf_intake.web import words
from gf_intake.web.common import REFUSALS, message_of, once_of, parsed, status_of
from gf_intake.web.pages import Applicant
from gf_policy.words import CATEGORIES

router = APIRouter()
HERE = "/intake/ui/units"
LABELS = {
    "name": "单位名称",
    "industries": "主营行业",
    "key_industry": "重点行业",
    "region": "行政区划代码",
    "superior": "上级主管部门",
    "group": "所属中央企业集团",
    "category": "类别",
    "contact.person": "联系人",
    "contact.phone": "电话",
    "contact.mobile": "手机",
    "contact.email": "电子邮箱",
    "contact.address": "通信地址",
}
CONTACT = ("person", "phone", "mobile", "email", "address")


@router.get("/units")
async def units(request: Request, person: Applicant, intake: Intake) -> Response:
    async with intake.database.reading() as session:
        page = await read_units.list_units(
            session, person, intake.policies, limit=50, cursor=None, uscc=None, category=None
        )
    items = [
        {
            **one,
            "category_label": CATEGORIES.get(one["category"], one["category"]),
            "superior_name": words.authority_name(intake.policies, one["superior"]),
        }
        for one in page["items"]
    ]
    return render(request, "units.html", items=items, org=person.org)


@router.get("/units/new")
async def new(request: Request, person: Applicant, intake: Intake) -> Response:
    values = {"uscc": person.org, "category": "factory"}
    return _page(request, intake.policies, values, {}, action=f"{HERE}/new", is_new=True)


@router.post("/units/new")
async def register(request: Request, person: Applicant, intake: Intake, form: CheckedForm) -> Response:
    """注册: under the code of the person's own enterprise."""
    values = _texts(form) | {"uscc": person.org}
    try:
        body = parsed(UnitIn, {**_profile(values, person, intake.policies), "category": values["category"]}, LABELS)
        view = await intake.register_unit(person, body.category, body.profile(), once_of(request, person, form))
    except REFUSALS as error:
        return _page(
            request,
            intake.policies,
            values,
            _wrong(error),
            action=f"{HERE}/new",
            is_new=True,
            message=message_of(error),
            status=status_of(error),
        )
    return redirect(request, f"{HERE}/{view['id']}", done="单位已登记。")


@router.get("/units/{unit_id}")
async def show(request: Request, person: Applicant, intake: Intake, unit_id: PathId) -> Response:
    async with intake.database.reading() as session:
        unit = await read_units.read_unit(session, person, intake.policies, unit_id)
        versions = await read_units.unit_history(session, person, intake.policies, unit_id)
        frozen = await Repository(session).has_submission_in_review(unit_id)
    return _page(
        request,
        intake.policies,
        _values(unit),
        {},
        action=f"{HERE}/{unit_id}",
        unit=unit,
        versions=versions,
        frozen=frozen,
    )


@router.post("/units/{unit_id}")
async def change(request: Request, person: Applicant, intake: Intake, form: CheckedForm, unit_id: PathId) -> Response:
    values = _texts(form)
    async with intake.database.reading() as session:
        unit = await read_units.read_unit(session, person, intake.policies, unit_id)
        versions = await read_units.unit_history(session, person, intake.policies, unit_id)
    values |= {"uscc": unit["uscc"] or "", "category": unit["category"]}
    frozen = False
    try:
        body = parsed(ProfileIn, {**_profile(values, person, intake.policies), "uscc": unit["uscc"]}, LABELS)
        await intake.change_profile(person, unit_id, body.profile(), version_seen(form))
    except Stale as error:
        message = "单位信息在您打开之后已被修改。您填写的内容仍在下面，尚未保存；请对照各个版本，再次保存将以本页为准。"
        status, wrong = status_of(error), {}
    except REFUSALS as error:
        message, status, wrong = message_of(error), status_of(error), _wrong(error)
        frozen = isinstance(error, UnitInReview)
    else:
        return redirect(request, f"{HERE}/{unit_id}", done="单位信息已保存。新的上级主管部门自下次上报起适用。")
    return _page(
        request,
        intake.policies,
        values,
        wrong,
        action=f"{HERE}/{unit_id}",
        unit=unit,
        versions=versions,
        frozen=frozen,
        message=message,
        status=status,
    )


def _page(
    request: Request,
    policies: Policies,
    values: dict[str, Any],
    wrong: dict[str, str],
    *,
    action: str,
    unit: dict[str, Any] | None = None,
    versions: list[dict[str, Any]] | None = None,
    frozen: bool = False,
    is_new: bool = False,
    message: str = "",
    status: int = 200,
) -> Response:
    full = dict.fromkeys((*LABELS, "industry_1", "industry_2", "industry_3", "uscc"), "") | values
    return render(
        request,
        "unit.html",
        status,
        values=full,
        wrong=wrong,
        action=action,
        unit=unit,
        versions=[
            {
                **one,
                "superior_name": words.authority_name(policies, one["superior"]),
                "at": words.instant(one["recorded_at"]),
            }
            for one in reversed(versions or [])
        ],
        frozen=frozen,
        is_new=is_new,
        message=message,
        key=new_key(),
        categories=list(CATEGORIES.items()),
        category=CATEGORIES.get(str(full["category"]), str(full["category"])),
        superiors=_superiors(policies),
        key_industries=_key_industries(policies),
        industries=_industries(policies),
        names={
            code: policies.book.industries.name(code) for code in _codes(full) if policies.book.industries.exists(code)
        },
    )


def _texts(form: FormData) -> dict[str, Any]:
    names = (*LABELS, "industry_1", "industry_2", "industry_3")
    return {name: text(form, name) for name in names if name not in ("industries", "group")}


def _codes(values: dict[str, Any]) -> list[str]:
    """The code is what was chosen; a name behind it, as the list of suggestions writes it, is dropped."""
    given = (str(values[name]).split(" ")[0] for name in ("industry_1", "industry_2", "industry_3"))
    return [code for code in given if code]


def _profile(values: dict[str, Any], person: Principal, policies: Policies) -> dict[str, Any]:
    """As the API takes it. Where a group is the superior it is also the group (DM-route-group)."""
    superior = values["superior"]
    tree = policies.book.authorities
    is_group = superior in tree and tree.get(superior).level == "group"
    return {
        "name": values["name"],
        "uscc": person.org,
        "industries": _codes(values),
        "key_industry": values["key_industry"] or None,
        "region": values["region"],
        "superior": superior,
        "group": superior if is_group else None,
        "contact": {name: values[f"contact.{name}"] for name in CONTACT},
    }


def _values(unit: dict[str, Any]) -> dict[str, Any]:
    industries = [*unit["industries"], "", "", ""]
    return {
        "name": unit["name"],
        "uscc": unit["uscc"] or "",
        "category": unit["category"],
        "industry_1": industries[0],
        "industry_2": industries[1],
        "industry_3": industries[2],
        "key_industry": unit["key_industry"] or "",
        "region": unit["region"],
        "superior": unit["superior"],
        **{f"contact.{name}": unit.get("contact", {}).get(name, "") for name in CONTACT},
    }


def _wrong(error: Exception) -> dict[str, str]:
    """What is wrong, by field: from our own schema, or from the domain's pointers."""
    found = dict(getattr(error, "fields", ()))
    for one in getattr(error, "errors", ()):
        name = str(one.pointer).strip("/").replace("/", ".")
        if name.startswith("industries"):
            number = name.partition(".")[2]
            name = f"industry_{int(number) + 1}" if number.isdigit() else "industry_1"
        found.setdefault(name, one.detail)
    return found


def _superiors(policies: Policies) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every authority one can be under, grouped by the province-level authority or as groups."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in policies.book.authorities:
        if one.level == "ministry":
            continue
        heading = "中央企业集团" if one.level == "group" else policies.book.authorities.chain(one.id)[-2].place
        groups.setdefault(heading, []).append((one.id, one.name))
    return sorted(groups.items(), key=lambda group: group[0] == "中央企业集团")


def _key_industries(policies: Policies) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in policies.book.industries.keys:
        groups.setdefault(one.sector_name or one.sector, []).append((one.code, one.name))
    return list(groups.items())


def _industries(policies: Policies) -> list[tuple[str, str]]:
    table = policies.book.industries
    return [(code, table.name(code)) for code in table.codes() if len(code) == 4 and code.isdigit()]
