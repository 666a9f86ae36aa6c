"""docs/network.md: which edges are open in each overlay, and by which policy. Made of deploy/k8s/edges.yaml.

python scripts/network_table.py [--check]
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import check_k8s, manifests  # noqa: E402
from scripts.manifests import edges  # noqa: E402

TABLE = ROOT / "docs" / "network.md"
OVERLAYS = ("dev", "province", "country")
_COMPONENTS = {
    "api": "接口",
    "worker": "worker",
    "sheets": "scoring-sheets",
    "migrate": "迁移 Job",
    "topics": "主题 Job",
}
_HEAD = """# 网络通路

由 `deploy/k8s/edges.yaml` 生成：`python scripts/network_table.py`。表中没有的通路全部关闭；
`scripts/check_k8s.py` 对每个覆盖层逐对试算（两个方向、每个端口），多开一条或少开一条都会失败。
节点（kubelet 的探针）不受 NetworkPolicy 限制。
"""


def render(overlays: Mapping[str, Sequence[manifests.Manifest]]) -> str:
    """The table, from the built objects of each overlay."""
    plans = {name: edges.read(ROOT / edges.SOURCE, name) for name in overlays}
    titles = {one.id: one.title for plan in plans.values() for one in plan.places}
    opened: dict[tuple[edges.Wanted, str], list[edges.Tried]] = defaultdict(list)
    tried: dict[str, tuple[int, int]] = {}
    for overlay, objects in overlays.items():
        every = edges.tried(objects, plans[overlay])
        tried[overlay] = (len(every), sum(1 for one in every if one.policies is not None))
        for one in every:
            if one.wanted and one.policies is not None:
                opened[one.wanted, overlay].append(one)
    lines = [
        _HEAD,
        "| 从 | 到 | 端口（开发 / 省级、国家级） | 策略（开发 / 省级、国家级） | 为什么 |",
        "|---|---|---|---|---|",
    ]
    for wanted in plans[OVERLAYS[0]].wanted:
        by = {name: opened[wanted, name] for name in overlays}
        cells = [_ports(by["dev"]), _ports(by["province"]), _policies(by["dev"]), _policies(by["province"])]
        if (cells[1], cells[3]) != (_ports(by["country"]), _policies(by["country"])):
            raise ValueError(f"province and country differ: {wanted.why}")
        ends = [_names(names, titles) for names in (wanted.sources, wanted.targets)]
        lines.append(f"| {ends[0]} | {ends[1]} | {_both(*cells[:2])} | {_both(*cells[2:])} | {wanted.why} |")
    counts = "；".join(f"{name} {shut} 条，其中开 {count} 条" for name, (shut, count) in tried.items())
    return "\n".join([*lines, "", f"试算的通路：{counts}。", ""])


def _names(names: Iterable[str], titles: Mapping[str, str]) -> str:
    return "、".join(titles.get(name) or _COMPONENTS.get(name, name) for name in names)


def _ports(found: Iterable[edges.Tried]) -> str:
    return "、".join(dict.fromkeys(str(one.port) for one in found)) or "—"


def _policies(found: Iterable[edges.Tried]) -> str:
    return "、".join(dict.fromkeys(f"`{policy.name}`" for one in found for policy in one.policies or ())) or "—"


def _both(dev: str, others: str) -> str:
    return dev if dev == others else f"{dev} / {others}"


def main() -> int:
    try:
        text = render({name: manifests.load(check_k8s.build(check_k8s.OVERLAYS / name)) for name in OVERLAYS})
    except check_k8s.NoKustomize:
        return 0  # said loudly by check_k8s
    if "--check" in sys.argv:
        stale = not TABLE.exists() or TABLE.read_text(encoding="utf-8") != text
        if stale:
            print("docs/network.md is stale: python scripts/network_table.py")
        return int(stale)
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
