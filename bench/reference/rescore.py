"""Scoring a population again by hand: two processes, each reads its half in keyset chunks, scores and copies back.

Totals only, for exactly one table; nothing is claimed, nothing can be taken up again after a kill, no report.
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from uuid import UUID

import asyncpg

from bench.reference.scoring import Scorer
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted

SCHEMA = """
create table if not exists reference_score (submission_id uuid primary key, unit_id uuid, superior text, former numeric,
  total numeric, bottom boolean);
grant all on reference_score to public;
"""
_READ = (
    "select submission_id, unit_id, superior, total, admitted from score_sheet"
    " where submission_id > $1 and submission_id <= $2 order by submission_id limit 1000"
)
_RANK = """
update reference_score r set bottom = true from (
  select submission_id from reference_score order by total limit (select count(*) / 20 from reference_score)) b
where b.submission_id = r.submission_id
"""
_HALF = (UUID(int=0), UUID(int=1 << 127), UUID(int=(1 << 128) - 1))


async def run(url: str, levels: dict[str, tuple[str, str]]) -> None:
    command = [sys.executable, "-m", "bench.reference.rescore", url, json.dumps(levels)]
    halves = [await asyncio.create_subprocess_exec(*command, str(half)) for half in (0, 1)]
    for half in halves:
        assert await half.wait() == 0
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_RANK)
    finally:
        await connection.close()


async def half(url: str, levels: dict[str, tuple[str, str]], which: int) -> None:
    scorer = Scorer({code: tuple(pair) for code, pair in levels.items()})  # type: ignore[misc]
    connection = await asyncpg.connect(url)
    after, until = _HALF[which], _HALF[which + 1]
    try:
        while True:
            rows = await connection.fetch(_READ, after, until)
            if not rows:
                return
            scored = []
            for submission_id, unit_id, superior, former, admitted in rows:
                _, total = scorer.score(SubmissionAdmitted.FromString(admitted))
                scored.append((submission_id, unit_id, superior, former, Decimal(total)))
            columns = ["submission_id", "unit_id", "superior", "former", "total"]
            await connection.copy_records_to_table("reference_score", records=scored, columns=columns)
            after = rows[-1]["submission_id"]
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(half(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])))
