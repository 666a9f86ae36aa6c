"""Importing a list that exists (导入已有名单): pasted from a table, announced at once as one edition."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.errors import FieldError, NotFound, Rejected
from gf_chassis.forms import new_key, number, text
from gf_chassis.identity import Principal
from gf_chassis.problems import explain
from gf_chassis.web import CheckedForm, PagePrincipal, render
from gf_policy.words import CATEGORIES
from gf_registry.adapters.law import Law
from gf_registry.domain.lists import LEVELS, ListId
from gf_registry.entrypoints import schemas
from gf_registry.entrypoints.codes import entries_of
from gf_registry.labels import heading
from gf_registry.web.forms import carried_out, needed, once_of

if TYPE_CHECKING:
    from gf_registry.bootstrap import Bootstrap

HERE = "/registry/ui/desk/import"
#: Columns of a pasted line, in this order; those at the end may be missing.
COLUMNS = ("名称", "统一社会信用代码", "行政区划代码", "行业")
_NAMES = ("name", "uscc", "region", "industry")
#: What these have to look like; the schema only knows that they do not.
_SHAPES: dict[int | str, str] = {"uscc": "应为 18 位数字或大写字母。", "region": "应为 6 位数字。"}
LABELS = {"year": "年份", "document": "公布文件", "effective": "生效日期", "entries": "名单"}
#: Characters of a line.
_LINE = 1000
#: Lines that are named; the rest is most likely wrong in the same way.
_SHOWN = 5


def router(b: Bootstrap) -> APIRouter:
    ui = APIRouter()

    @ui.get("/desk/import")
    async def form(request: Request, person: PagePrincipal) -> Response:
        lists = _kept(b.law, person)
        return render(
            request, "import.html", here=HERE, columns=COLUMNS, key=new_key(), today=b.runtime.clock.today(),
            lists=[(str(one), heading(b.law, one)) for one in lists],
        )  # fmt: skip

    @ui.post("/desk/import")
    async def act(request: Request, person: PagePrincipal, form: CheckedForm) -> Response:
        name = ListId.parse(text(form, "list_id"))
        if name not in _kept(b.law, person):
            raise NotFound
        once = once_of(request, person, form)

        async def run() -> Mapping[str, Any]:
            try:
                body = _read(form)
                return await b.import_list(
                    b.runtime.database.unit_of_work(person.actor()), once, person, name, entries_of(body),
                    year=body.year, effective=body.effective, document=body.document,
                )  # fmt: skip
            except Rejected as error:
                raise _spoken(error) from None

        return await carried_out(request, f"/registry/ui/lists/{name}", _done, run, again=HERE)

    return ui


def _kept(law: Law, person: Principal) -> list[ListId]:
    """The lists that the registrar's authority keeps, whether they exist yet or not."""
    if not person.authority:
        raise NotFound
    person.require("registrar")
    known = [ListId(level, person.authority, category) for level in LEVELS for category in CATEGORIES]
    return [one for one in known if law.keeps(one)]


def _read(form: FormData) -> schemas.Import:
    """The form through the same schema as the API."""
    values = {
        "year": number(form, "year"),
        "document": needed(form, "document", LABELS["document"], 200),
        "effective": _date(text(form, "effective")),
        "entries": _entries(text(form, "entries")),
    }
    try:
        return schemas.Import.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        wrong = [
            FieldError(
                "/" + "/".join(map(str, one["loc"])), "invalid", _SHAPES.get(one["loc"][-1]) or explain(dict(one))
            )
            for one in found
        ]
        raise Rejected("invalid", "填写有误。", errors=wrong) from None


def _entries(pasted: str) -> list[dict[str, str]]:
    """A line each; cells are parted by tabs, as spreadsheets copy them, or by commas. A line of headings is none."""
    rows: list[dict[str, str]] = []
    for line in pasted.splitlines():
        if len(line) > _LINE or "\x00" in line:
            wrong = FieldError(f"/entries/{len(rows)}", "invalid", "一行过长，或含有不能保存的字符。")
            raise Rejected("invalid", "填写有误。", errors=[wrong])
        apart = ("\t", line) if "\t" in line else (",", line.replace("，", ","))
        cells = [cell.strip() for cell in next(csv.reader([apart[1]], delimiter=apart[0]), [])]
        if not any(cells) or cells[0] == COLUMNS[0]:
            continue
        if len(cells) > len(COLUMNS):
            wrong = FieldError(f"/entries/{len(rows)}", "invalid", f"多于 {len(COLUMNS)} 列（{'、'.join(COLUMNS)}）。")
            raise Rejected("invalid", "填写有误。", errors=[wrong])
        row = {name: cell for name, cell in zip(_NAMES, cells, strict=False) if cell}
        rows.append({"name": "", **row, **({"uscc": row["uscc"].upper()} if "uscc" in row else {})})
    return rows


def _date(value: str) -> Any:
    """A date, or the text as it is, for the schema to refuse."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


def _spoken(error: Rejected) -> Rejected:
    """The same refusal; what it says of pasted units names the unit and the column, in one message at the field."""
    said: dict[str, list[str]] = {}
    for one in error.errors:
        name, *place = one.pointer.strip("/").split("/")
        label = LABELS.get(name, name)
        if place:
            column = COLUMNS[_NAMES.index(place[1])] if len(place) > 1 and place[1] in _NAMES else ""
            label = f"第 {int(place[0]) + 1} 家" + (f"，{column}" if column else "")
        said.setdefault(name, []).append(f"{label}：{one.detail}")
    if not said:
        return error
    errors = [FieldError(f"/{name}", error.code, _some(lines)) for name, lines in said.items()]
    # Some refusals say in general what they say of the field.
    lead = "" if error.detail in [one.detail for one in error.errors] else error.detail
    detail = lead + "".join(one.detail for one in errors)
    return Rejected(error.code, detail, status=error.status, rule=error.rule, article=error.article, errors=errors)


def _some(lines: Sequence[str]) -> str:
    rest = f"另有 {len(lines) - _SHOWN} 处。" if len(lines) > _SHOWN else ""
    return "".join([*lines[:_SHOWN], rest])


def _done(made: Mapping[str, Any]) -> str:
    return f"已导入，作为 {made['year']} 年第 {made['number']} 期公布：{made['counts']['added']} 家。"
