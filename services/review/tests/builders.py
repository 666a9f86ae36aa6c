"""Small builders for tests of review: routes, officials, cases, sheets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from gf_review.domain.case import Case, Official
from gf_review.domain.dossier import (
    Average,
    Bar,
    Consultation,
    Document,
    Dossier,
    ExpertReview,
    Finding,
    IndustryRuling,
    Mark,
    Sheet,
    SheetLine,
    WrittenReason,
)
from gf_review.domain.route import (
    AFTER_PUBLICITY,
    AT_ONCE,
    ChecklistItem,
    Department,
    GuardPlan,
    PublicityPlan,
    Route,
    StagePlan,
)

NOW = datetime(2025, 10, 20, 2, tzinfo=UTC)
COUNTY, CITY, PROVINCE, MINISTRY = "gd.guangzhou.huangpu", "gd.guangzhou", "gd", "miit"


def official(authority: str, name: str = "", *roles: str) -> Official:
    return Official(name or f"approver@{authority}", name, authority, frozenset(roles or ("approver", "reviewer")))


def reviewer(authority: str) -> Official:
    return official(authority, f"reviewer@{authority}", "reviewer")


def guard(code: str, **params: Any) -> GuardPlan:
    return GuardPlan(code, params, f"rule-{code}", f"article-{code}")


def stage(no: int, level: str, authority: str, recommends: int | None, *guards: GuardPlan, **more: Any) -> StagePlan:
    return StagePlan(no, level, authority, bool(authority), guards, recommends=recommends, **more)


def publicity(days: int = 10) -> PublicityPlan:
    return PublicityPlan(days, "working", "GD-13-publicity")


def route(*guards: GuardPlan, city_list: bool = False, national_list: bool = False, **more: Any) -> Route:
    """County, city, province, ministry; `guards` hold at the county."""
    return Route(
        (
            stage(1, "county", COUNTY, 2, *guards, **more),
            stage(
                2,
                "city",
                CITY,
                3,
                list_id="city:gd.guangzhou:factory" if city_list else "",
                publicity=publicity() if city_list else None,
                travels=AT_ONCE,
            ),
            stage(3, "province", PROVINCE, 4),
            stage(
                4,
                "ministry",
                MINISTRY,
                None,
                list_id="national:miit:factory" if national_list else "",
                also_lists=("provincial:gd:factory",) if national_list else (),
                publicity=publicity(15) if national_list else None,
                travels=AFTER_PUBLICITY,
            ),
        )
    )


def group_route() -> Route:
    return Route(
        (
            stage(1, "county", "", None),
            stage(2, "city", "", None),
            stage(3, "group", "group.cnbm", 4),
            stage(4, "ministry", MINISTRY, None),
        )
    )


def case(plan: Route | None = None, **more: Any) -> Case:
    found = Case.open(
        id="s-1",
        unit_id="u-1",
        campaign_id="c-1",
        category="factory",
        kind="application",
        year=2025,
        round=1,
        route=plan or route(),
        **more,
    )
    found.events.clear()
    return found


def line(
    indicator: str, state: str = "scored", points: str | None = "8", weight: str = "8", branch: str = ""
) -> SheetLine:
    return SheetLine(
        indicator,
        indicator,
        "energy_carbon",
        state,
        Decimal(weight),
        None if points is None else Decimal(points),
        branch or ("mark" if state == "awaits_mark" else "between"),
        "",
    )


def sheet(*lines: SheetLine, total: str | None = "80", revision: int = 1, outcome: str = "scored") -> Sheet:
    return Sheet(1, revision, outcome, Decimal(total) if total else None, lines)


def finding(item: str, ok: bool = True, *, stage_no: int = 1, pointer: str = "", note: str = "") -> Finding:
    return Finding(item, pointer, ok, note, "p", stage_no, NOW)


def mark(indicator: str, points: str, *, stage_no: int = 1, reason: str = "依据证明材料") -> Mark:
    return Mark(indicator, Decimal(points), reason, "p", stage_no, NOW)


def consultation(department: str, *, answered: bool, stage_no: int = 1) -> Consultation:
    asked = date(2025, 10, 15)
    return Consultation(
        department, asked, stage_no, date(2025, 10, 18) if answered else None, True if answered else None
    )


def bar() -> Bar:
    return Bar("b-1", "fraud", "GD 22", "2025-10-19", "2028-10-19", "弄虚作假")


def average(points: str, authority: str = PROVINCE) -> dict[str, Average]:
    return {authority: Average(authority, Decimal(points), 37, NOW)}


def dossier(**more: Any) -> Dossier:
    return Dossier(**more)


__all__ = [
    "CITY",
    "COUNTY",
    "MINISTRY",
    "NOW",
    "PROVINCE",
    "ChecklistItem",
    "Department",
    "Document",
    "ExpertReview",
    "WrittenReason",
    "average",
    "bar",
    "case",
    "consultation",
    "dossier",
    "finding",
    "group_route",
    "guard",
    "line",
    "mark",
    "official",
    "publicity",
    "reviewer",
    "route",
    "sheet",
    "stage",
]


def ruling(
    industry: str, former: str = "general", *, revision: int = 1, reason: str = "主导产品为水泥"
) -> IndustryRuling:
    return IndustryRuling(industry, former, reason, "p", 1, revision, NOW)
