"""The checker of the fault tests, and what must hold of the story's five as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.faults.checker import NATIONAL, Checker
from tests.faults.load import Ledger


class StackChecker(Checker):
    async def _lists(self, ledger: Ledger, records: Any) -> None:
        """Today's public lists are those of the imports; the national one takes effect on a day still to come."""
        folded = await self._fold(records["registry.standings"])
        for list_id, promised in ledger.imports.items():
            names = await self._public_list(list_id)
            self.seen["listed"] += len(names)
            if not sorted(names) == sorted(folded[list_id]) == sorted(promised):
                self.say(f"{list_id}: promised {promised}, listed {names}, a replay {folded[list_id]}")
        members = await self.rows(
            "registry", "select name from membership where list_id = $1 and state = 'listed'", NATIONAL
        )
        if sorted(row["name"] for row in members) != sorted(folded[NATIONAL]):
            self.say(f"{NATIONAL}: kept {[row['name'] for row in members]}, a replay {folded[NATIONAL]}")

    async def story(self, submissions: Mapping[str, str], listed: Mapping[str, str]) -> None:
        """`submissions`: all that were admitted, `listed`: those that reached the list (name → submission id)."""
        every = list(submissions.values())
        for service, sql, what, wanted in (
            ("intake", "select id::text k from submission", "submissions", every),
            ("intake", _JOURNAL.format(column="aggregate_id", type="SubmissionAdmitted"), "admissions", every),
            ("review", "select submission_id::text k from review_case", "cases", every),
            ("review", _JOURNAL.format(column="key", type="CaseClosed"), "closings", list(listed.values())),
        ):
            counted = await self._count(service, sql)
            for one in wanted:
                self.seen[what] += counted[one]
                if counted[one] != 1:
                    self.say(f"{one}: {counted[one]} {what}, expected 1")
        await self._decisions(every)
        await self._revisions(every)
        await self._memberships(listed)

    async def _decisions(self, submissions: list[str]) -> None:
        found = await self.rows("review", "select submission_id::text k, round, stage_no from decision")
        for place, count in Counter((row["k"], row["round"], row["stage_no"]) for row in found).items():
            if place[0] in submissions:
                self.seen["story decisions"] += 1
                if count != 1:
                    self.say(f"{place} was decided {count} times")

    async def _revisions(self, submissions: list[str]) -> None:
        """Sheets are appended: 1, 2, 3 … of each submission."""
        found = await self.rows("scoring", "select submission_id::text k, revision from score_sheet order by revision")
        for one in submissions:
            revisions = [row["revision"] for row in found if row["k"] == one]
            self.seen["story sheets"] += len(revisions)
            if not revisions or revisions != list(range(1, len(revisions) + 1)):
                self.say(f"{one}: sheets {revisions}")

    async def _memberships(self, listed: Mapping[str, str]) -> None:
        names = await self.rows("registry", f"select name k from membership where list_id = '{NATIONAL}'")
        counted = Counter(row["k"] for row in names)
        for name in listed:
            self.seen["memberships"] += counted[name]
            if counted[name] != 1:
                self.say(f"{name} stands {counted[name]} times on the national list")


_JOURNAL = "select {column} k from journal where message_type like '%.{type}'"
