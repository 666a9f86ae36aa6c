"""Recomputing a sheet from the command line."""

from __future__ import annotations

import json
import subprocess
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
    # All revisions as the API gives them: each is named with its own outcome.
    both = {"submission_id": shown["submission_id"], "items": [shown, shown]}
    file.write_text(json.dumps(both), "utf-8")
    assert cli.main(arguments) == 1
    told = capsys.readouterr().out
    assert told.count("复核不一致：第 1 轮第 1 版") == 2
    assert "（可再生能源利用率）：评分表为" in told
    for broken in ("{", "[]", json.dumps(shown | {"ruleset_id": "nowhere"}), json.dumps({"total": 1})):
        file.write_text(broken, "utf-8")
        assert cli.main(arguments) == 2
        assert "无法复核" in capsys.readouterr().err


@pytest.mark.process
def test_the_command_of_the_house_reaches_it(tmp_path: Path) -> None:
    command = POLICIES.parent / "scripts" / "greenladder"
    done = subprocess.run(
        [command, "score", "verify", tmp_path / "none.json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "无法复核" in done.stderr) == (2, True), done.stderr
    assert subprocess.run([command], capture_output=True, check=False).returncode == 2


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
