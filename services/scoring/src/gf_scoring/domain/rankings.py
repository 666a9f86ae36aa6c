"""A ranking run (排名): collecting 收集中 → closed 已结束 → published 已发布 → superseded 已被替代.

A run is about one category of one campaign. It is closed once, over a population that is complete, and never computed
again; a later run takes its place beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from gf_scoring.domain.errors import DomainError, FieldProblem
from gf_scoring.domain.numbers import half_up, plain

RULE, ARTICLE = "N25-5pct", "N25 二（二）"


class RunState(Enum):
    COLLECTING = "collecting"
    CLOSED = "closed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class Missing(Enum):
    """Why a listed unit has no place in a run (未参加排名)."""

    NOT_FILED = ("not_filed", "本年度未提交自评价对标")
    NOT_APPROVED = ("not_approved", "自评价对标未审核通过")
    NOT_SCORABLE = ("not_scorable", "自评价对标不可评分")
    NEWLY_LISTED = ("newly_listed", "列入名单的年数不足，尚不参加排名")

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words


MISSING_WORDS = {one.code: one.words for one in Missing}


@dataclass(frozen=True, slots=True)
class TotalGap:
    """An authority whose admitted forms here are not (yet) those of the control total."""

    kind: str
    authority: str
    stated: int
    here: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a run waits for before it can be closed."""

    control_total: bool
    gaps: tuple[TotalGap, ...] = ()
    open_cases: int = 0
    #: Sheets that a switched re-scoring has yet to append.
    unfinished_rescoring: bool = False

    def reasons(self) -> tuple[str, ...]:
        found: list[str] = []
        if not self.control_total:
            found.append("申报批次尚未结束，未收到受理总数。")
        for gap in self.gaps[:5]:
            found.append(f"主管部门 {gap.authority} 受理 {gap.stated} 件，本服务已收到 {gap.here} 件，内容尚未一致。")
        if len(self.gaps) > 5:
            found.append(f"另有 {len(self.gaps) - 5} 个主管部门的受理总数尚未一致。")
        if self.open_cases:
            found.append(f"还有 {self.open_cases} 件尚未办结。")
        if self.unfinished_rescoring:
            found.append("重新评分已切换，评分表新版本尚在生成。")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Run:
    """The state of a run and the acts that moved it."""

    id: UUID
    state: RunState
    year: int
    authority: str
    population_at: datetime | None = None
    count: int = 0
    digest: str = ""
    document: str = ""
    person: str = ""
    published_at: datetime | None = None
    superseded_at: datetime | None = None


def closed(run: Run, waiting: Waiting, *, at: datetime, count: int, digest: str) -> Run:
    """The result is in and stands for good."""
    if run.state is not RunState.COLLECTING:
        raise RankingRefused("illegal_transition", "该排名已经结束，不再重新计算；需要时请发起新的排名。", status=409)
    if waiting.reasons():
        raise RankingRefused("not_complete", "排名所需的数据尚未齐全：" + "".join(waiting.reasons()), status=409)
    return replace(run, state=RunState.CLOSED, population_at=at, count=count, digest=digest)


def published(run: Run, *, at: datetime, document: str, person: str) -> Run:
    """An act with document and person (文件和经办人); from now on it is everybody's."""
    if run.state is not RunState.CLOSED:
        raise RankingRefused("illegal_transition", "只有已结束、尚未发布的排名可以发布。", status=409)
    return replace(run, state=RunState.PUBLISHED, published_at=at, document=document, person=person)


def superseded(run: Run, at: datetime) -> Run:
    if run.state is not RunState.PUBLISHED:
        raise RankingRefused("illegal_transition", "只有已发布的排名可以被替代。", status=409)
    return replace(run, state=RunState.SUPERSEDED, superseded_at=at)


def mean(total: int, count: int, scale: int) -> str:
    """An average as text, rounded half-up once; ``total`` in units of 10^-scale."""
    return plain(half_up(total, count), scale)


class RankingRefused(DomainError):
    """A ranking that may not be started, closed or published as asked (排名)."""

    def __init__(self, code: str, detail: str, *, status: int = 422, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(code, detail, status=status, rule=RULE, article=ARTICLE, errors=errors)
