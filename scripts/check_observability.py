"""Check dashboards and alerts: metrics that exist, runbooks that exist, rules that promtool takes and whose tests pass.

    python scripts/check_observability.py [--write]

``--write`` makes ``prometheus-rule.yaml`` (the operator's form) anew from ``alerts.yaml``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from gf_chassis import metrics

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "observability"
RULES, OPERATOR = FOLDER / "alerts.yaml", FOLDER / "prometheus-rule.yaml"
_METRIC = re.compile(r"\bgf_[a-z_]+\b")
_SELECTOR = re.compile(r"\b(gf_[a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
_HEAD = "# Made from alerts.yaml by scripts/check_observability.py --write.\n"


def operator_rule() -> str:
    """The alerts as an object of the Prometheus operator."""
    doc = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "greenladder", "labels": {"app.kubernetes.io/part-of": "greenladder"}},
        "spec": yaml.safe_load(RULES.read_text(encoding="utf-8")),
    }
    return _HEAD + yaml.safe_dump(doc, allow_unicode=True, sort_keys=False, width=120)


def alerts() -> list[dict[str, Any]]:
    loaded = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Where a query stands, and the query."""
    for rule in alerts():
        yield f"alert {rule['alert']}", str(rule["expr"])
    for path in sorted((FOLDER / "dashboards").glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", str(target["expr"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{path.name}: {variable['name']}", str(variable["query"])


def unknown_metrics(where: str, expression: str) -> Iterator[str]:
    """Metrics and labels that the typed list does not have."""
    known = metrics.names()
    for name in sorted(set(_METRIC.findall(expression)) - known.keys()):
        yield f"{where}: no metric {name}"
    for name, selector in _SELECTOR.findall(expression):
        for label in set(_LABEL.findall(selector)) - set(known.get(name, ())):
            yield f"{where}: {name} has no label {label}"


def headings(path: Path) -> set[str]:
    """Anchors of a page, as they are linked."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.lstrip("#").strip().lower().replace(" ", "-") for line in lines if line.startswith("#")}


def missing_runbooks(rules: list[dict[str, Any]]) -> Iterator[str]:
    for rule in rules:
        page, _, anchor = str(rule.get("annotations", {}).get("runbook", "")).partition("#")
        path = ROOT / page
        if not page or not path.is_file():
            yield f"alert {rule['alert']}: no runbook {page or 'at all'}"
        elif anchor not in headings(path):
            yield f"alert {rule['alert']}: {page} has no heading {anchor}"


def promtool() -> list[str]:
    """What promtool says of the rules and their tests."""
    tool = shutil.which("promtool")
    if tool is None:
        print("!!! 没有 promtool：告警规则没有用它检查，也没有运行规则测试。")
        print("    安装办法（Debian/Ubuntu）：apt-get install prometheus")
        return ["promtool is demanded and not there"] if os.environ.get("REQUIRE_PROMTOOL") else []
    found = []
    for command in (["check", "rules", RULES.name], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run([tool, *command], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            found.append(f"promtool {' '.join(command)}: {(done.stdout + done.stderr).strip()}")
    return found


def main(arguments: list[str]) -> int:
    if "--write" in arguments:
        OPERATOR.write_text(operator_rule(), encoding="utf-8")
        return 0
    found = [problem for where, expression in expressions() for problem in unknown_metrics(where, expression)]
    found += missing_runbooks(alerts())
    if not OPERATOR.exists() or OPERATOR.read_text(encoding="utf-8") != operator_rule():
        found.append("prometheus-rule.yaml is out of date: python scripts/check_observability.py --write")
    found += promtool()
    print("\n".join(found) if found else f"{len(alerts())} alerts, {sum(1 for _ in expressions())} queries ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
