"""What stored words are called on pages and in exported tables."""

from __future__ import annotations

from datetime import date

from gf_policy.words import GROUNDS, list_name
from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId

#: Stored word → label and kind of its badge.
DUE_STATES = {
    "open": ("待处理", "warn"),
    "proposed": ("已提出移出，待决定", "wait"),
    "decided": ("已决定移出，待公布", "bad"),
    "removed": ("已移出", "bad"),
    "kept": ("经核实保留", "ok"),
    "lapsed": ("排名已更正，不再符合", "none"),
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
    return {**GROUNDS, **{code: ground.label for code, ground in law.rules_on(day).grounds.items()}}
