"""Recompute a sheet that somebody hands over, from itself alone (复核)."""

from __future__ import annotations

from gf_policy.rulesets import Ruleset, RulesetTable
from gf_scoring.domain.errors import DomainError, FieldProblem
from gf_scoring.domain.recompute import Difference, Stated, differences


class VerifySheet:
    def __init__(self, rulesets: RulesetTable) -> None:
        self._rulesets = rulesets

    def __call__(self, ruleset_id: str, stated: Stated, version: Ruleset | None = None) -> list[Difference]:
        """``version``: the very version the sheet names, where it is none of the published files."""
        known = (*self._rulesets.versions(ruleset_id), *([version] if version else []))
        ruleset = next((one for one in known if one.hash == stated.ruleset_hash), self._rulesets.get(ruleset_id))
        if ruleset is None:
            code, detail = "unknown_ruleset", "没有评分表所写的评分规则，无法复核。"
            raise DomainError(code, detail, rule="N25-A1", errors=[FieldProblem("/ruleset_id", code, detail)])
        return differences(stated, ruleset)
