"""Write docs/rules.md: which tests show which rule. `--check` fails when it is stale or a test names an unknown rule.

The rules and their ids are docs/rules.csv. A test says what it shows with `@pytest.mark.rule("GD-17")`; a situation in
a `cases.yaml` beside the policies runs as a test of its own and says it with `rule: GD-17`.
"""

from __future__ import annotations

import ast
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docs" / "rules.csv"
TABLE = ROOT / "docs" / "rules.md"
HEAD = """# Rules and the tests that show them

Made by `python scripts/rule_table.py` from docs/rules.csv and the markers in tests and cases; do not edit.
Sources: N25 工信厅节函〔2025〕390号 · GD 绿色工厂梯度培育及管理实施细则 (2024) · N23 工信厅节函〔2023〕202号 ·
CQ 渝经信绿发〔2025〕6号 · DM 粤工信节能函〔2025〕12号.
"""


def tests() -> Iterator[Path]:
    for folder in ("proto", "libs", "services", "tests"):
        yield from sorted(p for p in (ROOT / folder).rglob("test_*.py") if ".venv" not in p.parts)


def marked(node: ast.expr) -> list[str]:
    """The ids in `pytest.mark.rule("A", "B")`, also inside a list (`pytestmark = [...]`)."""
    return [
        argument.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "rule"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def find(path: Path) -> Iterator[tuple[str, str]]:
    """Pairs of rule id and test name in one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole = [
        i for node in tree.body if isinstance(node, ast.Assign) and is_pytestmark(node) for i in marked(node.value)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            ids = whole + [i for decorator in node.decorator_list for i in marked(decorator)]
            yield from ((i, node.name) for i in ids)
        elif isinstance(node, ast.ClassDef):
            ids = [i for decorator in node.decorator_list for i in marked(decorator)]
            yield from ((i, f"{node.name}.{t.name}") for i in ids for t in node.body if is_test(t))
    # A rule shown by one case of a parametrised test.
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "param":
            yield from (
                (i, "(case)") for keyword in node.keywords if keyword.arg == "marks" for i in marked(keyword.value)
            )


def cases() -> Iterator[tuple[str, str]]:
    """Rule and file with how many of its situations show it."""
    for path in sorted((ROOT / "policies").rglob("cases.yaml")):
        counted = Counter(one["rule"] for one in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"])
        yield from ((rule, f"`{path.relative_to(ROOT).as_posix()}` ({n})") for rule, n in counted.items())


def is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def render(rules: list[dict[str, str]], shown: dict[str, list[str]]) -> str:
    lines = [HEAD]
    done = sum(1 for rule in rules if shown.get(rule["id"]))
    lines.append(f"{done} of {len(rules)} rules are shown by at least one test.\n")
    area = ""
    for rule in rules:
        if rule["area"] != area:
            area = rule["area"]
            lines += [f"\n## {area}\n", "| rule | what it says | services | tests |", "|---|---|---|---|"]
        names = "<br>".join(sorted(set(shown.get(rule["id"], [])))) or "—"
        lines.append(f"| {rule['id']} | {rule['rule']} | {rule['services']} | {names} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    with RULES.open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    known = {rule["id"] for rule in rules}
    shown: dict[str, list[str]] = defaultdict(list)
    unknown: list[str] = []
    for path in tests():
        for rule, name in find(path):
            place = path.relative_to(ROOT).as_posix()
            shown[rule].append(f"`{place}::{name}`" if name != "(case)" else f"`{place}`")
            if rule not in known:
                unknown.append(f"{place}: {name} names the unknown rule {rule}")
    for rule, place in cases():
        shown[rule].append(place)
        if rule not in known:
            unknown.append(f"{place} names the unknown rule {rule}")
    for line in unknown:
        print(line)
    text = render(rules, shown)
    if "--check" in sys.argv:
        stale = not TABLE.exists() or TABLE.read_text(encoding="utf-8") != text
        if stale:
            print("docs/rules.md is stale: python scripts/rule_table.py")
        return 1 if stale or unknown else 0
    TABLE.write_text(text, encoding="utf-8")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
