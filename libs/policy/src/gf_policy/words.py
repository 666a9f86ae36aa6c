"""What the documents call things whose codes stand in events, tables and policy files (名称)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

#: Kinds of unit (GD art. 2).
CATEGORIES: Final = MappingProxyType(
    {"factory": "绿色工厂", "park": "绿色工业园区", "supply_chain": "绿色供应链管理企业"}
)
#: Levels of lists (GD art. 2).
LIST_LEVELS: Final = MappingProxyType({"national": "国家级", "provincial": "省级", "city": "市级"})


def list_name(level: str, category: str) -> str:
    """国家级绿色工厂名单; a code that nobody knows stands for itself."""
    return f"{LIST_LEVELS.get(level, level)}{CATEGORIES.get(category, category)}名单"
