"""What stored words are called on pages and in exported tables."""

from __future__ import annotations

from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId

LEVELS = {"national": "国家级", "provincial": "省级", "city": "市级"}
CATEGORIES = {"factory": "绿色工厂", "park": "绿色工业园区", "supply_chain": "绿色供应链管理企业"}


def heading(law: Law, list_id: ListId) -> str:
    """国家级绿色工厂名单（工业和信息化部）"""
    category = CATEGORIES.get(list_id.category, list_id.category)
    return f"{LEVELS[list_id.level]}{category}名单（{law.name(list_id.authority)}）"
