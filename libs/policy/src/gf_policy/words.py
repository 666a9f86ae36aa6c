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
#: Grounds of bars and removals (GD art. 21 to 23, N25 二（二）) beside the exclusions of art. 17, which stand in the
#: policies.
GROUNDS: Final = MappingProxyType(
    {
        "fraud": "弄虚作假",
        "major_incident": "发生重大及以上生产安全、质量事故或突发环境事件",
        "refused_to_file": "拒不按时填报年度动态管理表",
        "false_material": "提供虚假材料或数据",
        "no_longer_conforming": "变更后不再符合要求",
        "bottom_5_percent": "得分连续三年处于后5%",
        "merged": "已并入其他单位",
    }
)


def list_name(level: str, category: str) -> str:
    """国家级绿色工厂名单; a code that nobody knows stands for itself."""
    return f"{LIST_LEVELS.get(level, level)}{CATEGORIES.get(category, category)}名单"
