"""What stored words are called on pages and in exported tables."""

from __future__ import annotations

from datetime import date

from gf_policy.words import list_name
from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId
from gf_registry.domain.removals import BOTTOM

#: Stored word → label and kind of its badge.
DUE_STATES = {
    "open": ("待处理", "warn"),
    "proposed": ("已提出移出，待决定", "wait"),
    "decided": ("已决定移出，待公布", "bad"),
    "removed": ("已移出", "bad"),
    "kept": ("经核实保留", "ok"),
    "lapsed": ("排名已更正，不再符合", "none"),
}

#: Grounds of GD art. 21 and 23 and of N25; those of GD art. 17 come from the policies.
REMOVALS = {
    "major_incident": "发生重大及以上事故（事件）",
    "refused_to_file": "拒不填报动态管理表",
    "false_material": "提供虚假材料",
    "no_longer_conforming": "不再符合要求",
    BOTTOM: "得分连续三年处于后5%",
    "merged": "合并",
    "fraud": "弄虚作假",
}
#: What an edition announces.
CHANGES = {
    "listed": ("新增", "ok"),
    "removed": ("移出", "bad"),
    "renamed": ("更名", "wait"),
    "refused": ("不予列入", "none"),
}


def heading(law: Law, list_id: ListId) -> str:
    """国家级绿色工厂名单（工业和信息化部）"""
    return f"{list_name(list_id.level, list_id.category)}（{law.name(list_id.authority)}）"


def grounds(law: Law, day: date) -> dict[str, str]:
    """What the grounds of removals and refusals are called."""
    return {**REMOVALS, **{code: ground.label for code, ground in law.rules_on(day).grounds.items()}}
