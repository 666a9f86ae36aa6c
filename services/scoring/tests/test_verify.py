"""Recomputing a sheet from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from gf_policy.rulesets import RulesetTable
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.domain.scope import Viewer, may_see
from gf_scoring.entrypoints import cli, presenters
from services.scoring.tests.sample import POLICIES, national
from services.scoring.tests.test_contracts import FORM, SUBJECT, sheet


def stored() -> SheetRow:
    drawn = sheet()
    return SheetRow(
        submission_id=UUID(SUBJECT.submission_id),
        number=1,
        round=1,
        revision=1,
        basis="claimed",
        outcome="scored",
        unit_id=UUID(SUBJECT.unit_id),
        category="factory",
        kind="application",
        campaign_id=UUID(SUBJECT.campaign_id),
        superior="cq",
        admitted=contracts.bytes_of(FORM),
        published=contracts.Publisher().payload(drawn),
        scored_at=datetime(2025, 10, 20, tzinfo=UTC),
    )


def test_verify_says_equal_or_which_line_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = presenters.sheet_out(stored(), RulesetTable([national()])).model_dump(mode="json")
    file = tmp_path / "sheet.json"
    file.write_text(json.dumps(shown), "utf-8")
    arguments = ["verify", str(file), "--policies", str(POLICIES)]
    assert cli.main(arguments) == 0
    assert "复核一致" in capsys.readouterr().out
    shown["facts"][0]["value"] = "421"
    file.write_text(json.dumps(shown), "utf-8")
    assert cli.main(arguments) == 1
    assert "/lines/renewable_share/value" in capsys.readouterr().out
    file.write_text("{", "utf-8")
    assert cli.main(arguments) == 2


@pytest.mark.parametrize(
    ("roles", "authority", "org", "seen"),
    [
        ({"applicant"}, "", "A", True),
        ({"applicant"}, "", "B", False),
        ({"applicant"}, "", "", False),
        ({"reviewer"}, "cq", "", True),
        ({"reviewer"}, "", "", False),
        ({"reviewer"}, "gd", "", False),
        ({"ops"}, "cq", "", False),
        ({"partner"}, "miit", "", True),
        ({"partner"}, "cq", "", False),
        ({"reviewer"}, "cq", "A", True),
        ({"reviewer"}, "gd", "A", False),
    ],
)
def test_scope(roles: set[str], authority: str, org: str, seen: bool) -> None:
    viewer = Viewer(frozenset(roles), authority, org)
    assert may_see(viewer, uscc="A", route=["cq"], superiors=["x", "miit"]) is seen
    assert not may_see(Viewer(frozenset({"applicant"}), "", ""), uscc="", route=[], superiors=[])
