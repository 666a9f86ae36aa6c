"""Dashboards and alerts name metrics and runbooks that exist; every metric of the typed list is really kept."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

from gf_chassis import metrics
from scripts import check_observability as check

ROOT = Path(__file__).resolve().parent.parent


def test_queries_use_metrics_and_labels_of_the_typed_list() -> None:
    queries = list(check.expressions())
    assert len(queries) > 50
    assert [problem for where, query in queries for problem in check.unknown_metrics(where, query)] == []


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(gf_held_key)", "no metric gf_held_key"),
        ('gf_held_keys{groups="x"}', "gf_held_keys has no label groups"),
        ("gf_http_request_seconds > 1", "no metric gf_http_request_seconds"),
        ("rate(gf_http_shed[5m])", "no metric gf_http_shed"),
    ],
)
def test_a_query_that_would_show_nothing_is_refused(query: str, problem: str) -> None:
    assert list(check.unknown_metrics("here", query)) == [f"here: {problem}"]


def test_alerts_name_a_runbook_that_exists() -> None:
    alerts = check.alerts()
    assert list(check.missing_runbooks(alerts)) == []
    for runbook in (None, "docs/runbooks/none.md#x", "docs/runbooks/alerts.md#none"):
        wrong = copy.deepcopy(alerts[:1])
        wrong[0]["annotations"]["runbook"] = runbook or ""
        assert len(list(check.missing_runbooks(wrong))) == 1


def test_the_operators_rule_is_made_from_the_alerts() -> None:
    assert check.OPERATOR.read_text(encoding="utf-8") == check.operator_rule()


def test_every_metric_of_the_list_is_kept_somewhere() -> None:
    """A metric that nobody sets would make its alert a promise that is never kept."""
    sources = [p for pattern in ("libs/*/src", "services/*/src") for p in ROOT.glob(pattern)]
    files = [path for folder in sources for path in sorted(folder.rglob("*.py")) if path.name != "metrics.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    kept = {name for name in vars(metrics.Metrics) if not name.startswith("_")}
    assert kept - set(re.findall(r"METRICS\.([a-z_]+)", text)) == set()


def test_runbooks_link_to_pages_and_headings_that_exist() -> None:
    broken = []
    for page in sorted((ROOT / "docs" / "runbooks").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
            target = page.parent / link[0] if link[0] else page
            if not target.exists() or (link[1] and link[1] not in check.headings(target)):
                broken.append(f"{page.name}: {link}")
    assert broken == []
