"""Versions of rulesets: those in the policy files, and those an authority has switched to (切换) on the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

import gf_policy
from gf_policy.candidates import read_candidate
from gf_policy.rulesets import Ruleset
from gf_scoring.adapters.tables import RulesetSwitchRow

#: Ruleset, hash and replaced hash of the last switch of each ruleset.
NEWEST = (
    "select distinct on (ruleset_id) ruleset_id, ruleset_hash, replaces_hash from ruleset_switch"
    " order by ruleset_id, number desc"
)


class Versions:
    """A version never changes, so each is read once per process."""

    def __init__(self, book: gf_policy.Book) -> None:
        self.book = book
        self._read: dict[str, Ruleset] = {}

    async def in_force(self, session: AsyncSession) -> Mapping[str, Ruleset]:
        """Switched versions by ruleset."""
        return await self.ruling(session, (await session.execute(text(NEWEST))).all())

    async def ruling(self, session: AsyncSession, newest: Iterable[Sequence[str]]) -> Mapping[str, Ruleset]:
        """The same of rows of ``NEWEST``. Once the published files bring a third version, the files rule again."""
        found: dict[str, Ruleset] = {}
        for ruleset_id, digest, replaces in newest:
            published = self.book.rulesets.get(ruleset_id)
            if published is not None and published.hash == replaces and digest != replaces:
                version = await self.of(session, ruleset_id, digest)
                if version is not None:
                    found[ruleset_id] = version
        return found

    async def of(self, session: AsyncSession, ruleset_id: str, digest: str) -> Ruleset | None:
        """The version with this hash; None where neither the files nor a switch have it."""
        for published in self.book.rulesets.versions(ruleset_id):
            if published.hash == digest:
                return published
        if digest not in self._read:
            query = select(RulesetSwitchRow.text).where(
                RulesetSwitchRow.ruleset_id == ruleset_id, RulesetSwitchRow.ruleset_hash == digest
            )
            stored = (await session.exec(query)).first()
            if stored is None:
                return None
            self._read[digest] = read_candidate(self.book, stored)
        return self._read[digest]

    async def load(self, session: AsyncSession) -> None:
        """Have every version that was ever switched to at hand, for ``get`` and ``with_hash``."""
        query = select(RulesetSwitchRow.ruleset_id, RulesetSwitchRow.ruleset_hash)
        for ruleset_id, digest in (await session.exec(query)).all():
            await self.of(session, ruleset_id, digest)

    def of_category(self, category: str) -> Sequence[Ruleset]:
        """Every version of the category's rulesets, out of the files and of those at hand."""
        published = (one for newest in self.book.rulesets for one in self.book.rulesets.versions(newest.id))
        return [one for one in (*published, *self._read.values()) if one.category == category]

    def get(self, ruleset_id: str, version: str) -> Ruleset | None:
        """One version, out of the files or of those at hand."""
        switched = (one for one in self._read.values() if (one.id, one.version) == (ruleset_id, version))
        return self.book.rulesets.get(ruleset_id, version) or next(switched, None)

    def with_hash(self, digest: str) -> Ruleset | None:
        return self._read.get(digest)
