"""Units due for removal (应移出) and units warned early (预警) as tables to export."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId
from gf_registry.entrypoints.exports import Table, one_page
from gf_registry.labels import DUE_STATES, heading

_UNIT = {"name": "单位", "uscc": "统一社会信用代码", "region": "行政区划代码", "industry": "行业代码", "year": "年度"}
DUE = {**_UNIT, "streak": "连续年数", "place": "名次", "state": "状态", "document": "决定文件"}
WARNED = {
    **_UNIT, "place": "名次", "count": "参加排名", "industry_place": "行业内名次", "industry_count": "行业内参加排名",
    "points": "得分", "band": "等级", "bottom": "后5%", "streak": "连续年数",
}  # fmt: skip


def attention_sheet(
    law: Law, list_id: ListId, found: Mapping[str, Any], what: Literal["due", "warned"], today: date
) -> Table:
    columns = DUE if what == "due" else WARNED
    rows = [[_value(name, row[name]) for name in columns] for row in found[what]]
    label = "应移出的单位" if what == "due" else "预警的单位"
    run = found["ranking"]
    of = f"　{run['year']} 年排名" if run and what == "warned" else ""
    title = f"{heading(law, list_id)}　{label}{of}　导出日期 {today}"
    return Table(f"{list_id}-{what}-{today}", title, tuple(columns.values()), one_page(rows))


def _value(name: str, value: Any) -> object:
    if name == "state":
        return DUE_STATES[value][0]
    return ("是" if value else "") if name == "bottom" else value
