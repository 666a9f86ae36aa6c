"""The policies as review uses them: the route of a round, closing instants, publicity terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from gf_policy import Book, PolicyLookupError, UnitAttributes
from gf_policy import Route as PolicyRoute
from gf_policy import StagePlan as PolicyStage
from gf_policy.effective import EffectivePolicy
from gf_policy.preferences import Preference
from gf_policy.rulesets import Ruleset, RulesetTable, load_rulesets
from gf_policy.tables import REST
from gf_policy.words import list_name
from gf_review.domain.guards import PROVINCIAL_GRADE
from gf_review.domain.instants import SHANGHAI
from gf_review.domain.records import GENERAL
from gf_review.domain.route import (
    AT_ONCE,
    ChecklistItem,
    Department,
    GuardPlan,
    PublicityPlan,
    Route,
    StagePlan,
    WindowPlan,
)

GENERAL_NAME = "通则（不按行业）"


@dataclass(frozen=True, slots=True)
class FormLabels:
    """Chinese labels of a form (表单名称)."""

    rows: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    slots: Mapping[str, str] = field(default_factory=dict)

    def shown(self, fact: Mapping[str, Any]) -> str:
        """A value as people read it."""
        if fact["presence"] == "not_applicable":
            return "不适用"
        value = fact["value"]
        if value is None:
            return "未填"
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            names = self.choices.get(str(fact["code"]), {})
            return "、".join(names.get(code, code) for code in value)
        return str(value)


class Policies:
    """Reads the book; nothing here decides."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def route(self, base_id: str, *, superior: str, group: str | None, category: str, region: str, kind: str) -> Route:
        """The route of a new round under the base policy and the overlays above the unit's superior authority."""
        effective = self.book.effective_for(base_id, superior)
        found = effective.route(UnitAttributes(superior, group, category, region), kind)
        return self._route(found, effective)

    def _route(self, found: PolicyRoute, effective: EffectivePolicy) -> Route:
        return Route(tuple(self._stage(stage, effective) for stage in found.stages))

    def _stage(self, stage: PolicyStage, effective: EffectivePolicy) -> StagePlan:
        if not stage.applicable:
            return StagePlan(stage.stage_no, stage.level, "", False)
        publicity = stage.publicity
        return StagePlan(
            stage_no=stage.stage_no,
            level=stage.level,
            authority=stage.authority or "",
            applicable=True,
            guards=tuple(GuardPlan(one.code, dict(one.params), one.rule, one.article) for one in stage.guards),
            list_id=stage.list_id or "",
            also_lists=tuple(stage.also_lists),
            publicity=PublicityPlan(publicity.days, publicity.unit, publicity.rule) if publicity else None,
            travels=str(getattr(stage, "travels", AT_ONCE)),
            recommends=stage.recommends,
            consults=tuple(Department(code, self.department(code)) for code in stage.consults),
            checklist=tuple(ChecklistItem(one.code, one.label, one.rule) for one in stage.checklist),
            window=_window(effective, stage, self.chain(stage.authority or "")[-1]),
            correction_days=stage.correction_days,
            article=stage.article,
        )

    @cached_property
    def grading(self) -> dict[str, GuardPlan]:
        """Rules of a province that let only some grades (专家分级) be recommended further: by id, the guard."""
        found = {}
        for folder in self.book.folders:
            grades = folder.policy.settings.get("grades")
            rule = folder.routes.stages.get(("application", "province"))
            expert = next((one for one in rule.guards if one.code == "expert_review"), None) if rule else None
            if isinstance(grades, Mapping) and "national_minimum" in grades and expert is not None:
                params = {
                    "policy": folder.policy.id,
                    "minimum": grades["national_minimum"],
                    "title": folder.policy.title,
                }
                found[folder.policy.id] = GuardPlan(PROVINCIAL_GRADE, params, expert.rule, expert.article)
        return found

    def with_grades(self, route: Route, grades: Mapping[tuple[str, str], str]) -> Route:
        """The route with the guard where an authority that recommends to the ministry has graded the unit itself.

        A province's rules may name no province (GD): whom they bind is then seen from whose review went by them.
        """
        last = route.stages[-1]
        if last.level != "ministry" or not last.applicable:
            return route
        return Route(
            tuple(
                replace(stage, guards=(*stage.guards, *self._graded_by(stage.authority, grades)))
                if stage.applicable and stage.recommends == last.stage_no
                else stage
                for stage in route.stages
            )
        )

    def _graded_by(self, authority: str, grades: Mapping[tuple[str, str], str]) -> list[GuardPlan]:
        return [guard for policy, guard in self.grading.items() if (authority, policy) in grades]

    def department(self, code: str) -> str:
        """The department's name; the policies name the field (生态环境), people say 生态环境部门."""
        found = self.book.departments.get(code)
        if found is None:
            return code
        return found.name if found.name.endswith(("部门", "局", "委", "厅")) else f"{found.name}部门"

    def authority_name(self, authority_id: str) -> str:
        if not authority_id or authority_id not in self.book.authorities:
            return authority_id
        return self.book.authorities.get(authority_id).name

    def key_industry_name(self, code: str) -> str:
        """重点行业 by its name; the code where the table does not know it."""
        if not code:
            return ""
        try:
            return self.book.industries.key(code).name
        except PolicyLookupError:
            return code

    def key_industries(self) -> list[tuple[str, str]]:
        """The 53 key industries (N25 附件3), as (code, name)."""
        return [(one.code, one.name) for one in self.book.industries.keys]

    def is_key_industry(self, code: str) -> bool:
        return self.book.industries.is_key(code)

    def industry_tables(self, base_id: str, category: str) -> list[tuple[str, str]]:
        """Industries with a table of their own here, as (code, name); 通则 first where there are general rules."""
        table = self.book.rulesets
        named = [
            (one.code, one.name)
            for one in table.entries
            if (one.base, one.category) == (base_id, category) and one.code != REST
        ]
        general = bool(named) and table.applicable(base_id, category).ruleset is not None
        return ([(GENERAL, GENERAL_NAME)] if general else []) + named

    def industry_filed(self, base_id: str, category: str, unit: Mapping[str, Any]) -> str:
        """The industry whose table applies by what the unit filed; 通则 where none of its own does."""
        entry = self.book.rulesets.applicable(
            base_id, category, str(unit["key_industry"] or ""), tuple(unit["industries"])
        ).entry
        return GENERAL if entry is None or entry.code == REST else entry.code

    def industry_name(self, base_id: str, category: str, code: str) -> str:
        """An industry of the tables by its name."""
        return dict(self.industry_tables(base_id, category)).get(code) or (
            GENERAL_NAME if code == GENERAL else self.key_industry_name(code)
        )

    def preferences(self, base_id: str, category: str) -> tuple[Preference, ...]:
        """优先推荐 (GD-16): whom the base policy wants recommended first."""
        return self.book.preferences.of(base_id, category)

    def divisions(self) -> list[tuple[str, str]]:
        """行业大类 of mining, manufacturing and power (GB/T 4754 B, C, D), as (code, name)."""
        table = self.book.industries
        found = (table.get(code) for code in table.codes() if len(code) == 2 and code.isdigit())
        return [(one.code, f"{one.code} {one.name}") for one in found if one.section in "BCD"]

    def form_labels(self, policies: Sequence[Mapping[str, Any]], superior: str, category: str, kind: str) -> FormLabels:
        """What rows, choices and evidence slots are called; codes where the policy has moved on since."""
        try:
            form = self.book.effective_for(str(policies[0]["id"]), superior).form(category, kind)
        except (PolicyLookupError, IndexError):
            return FormLabels()
        return FormLabels(
            rows={row.code: row.label for row in form.rows},
            choices={row.code: dict(row.codes) for row in form.rows if row.codes},
            slots={slot.code: slot.label for slot in form.evidence_slots},
        )

    def ruleset(self, reference: str) -> Ruleset | None:
        """The ruleset "id@version" that a sheet names; none where the policies have moved on since."""
        name, _, version = reference.rpartition("@")
        found = self._rulesets.get(name)
        return found if found is not None and found.version == version else None

    @cached_property
    def _rulesets(self) -> RulesetTable:
        return load_rulesets(self.book.root)

    def list_name(self, list_id: str) -> str:
        """国家级绿色工厂名单 of `national:miit:factory`, with the authority that keeps it."""
        level, _, rest = list_id.partition(":")
        authority, _, category = rest.rpartition(":")
        name = list_name(level, category)
        return f"{name}（{self.authority_name(authority)}）"

    def chain(self, authority_id: str) -> tuple[str, ...]:
        """The authority and all above it."""
        if authority_id not in self.book.authorities:
            return (authority_id,)
        return tuple(one.id for one in self.book.authorities.chain(authority_id))

    def publicity_end(self, day: date, days: int, unit: str) -> tuple[datetime, bool]:
        """First instant after the last full day; provisional where the calendar of a year is not announced yet."""
        if unit == "calendar":
            end, provisional = day + timedelta(days=days), False
        else:
            found = self.book.calendar.add_working_days(day, days)
            end, provisional = found.end, found.provisional
        return datetime.combine(end + timedelta(days=1), time(), SHANGHAI), provisional


def _window(effective: EffectivePolicy, stage: PolicyStage, top: str) -> WindowPlan | None:
    """The level's window, or none where the policy sets no date for it."""
    try:
        window = effective.windows(f"decide:{stage.level}", stage.authority or "")
    except PolicyLookupError:
        return None
    # The campaign's own date is that of the base policy's authority; a national one is the ministry's.
    setter = window.authority or effective.base.jurisdiction or top
    return WindowPlan(window.opens_at, window.closes_at, window.rule, window.article, setter)


# --- the route as stored with the round ------------------------------------------------------------------------------


def route_to_json(route: Route) -> list[dict[str, Any]]:
    return [_plain(asdict(stage)) for stage in route.stages]


def route_from_json(stages: Sequence[Mapping[str, Any]]) -> Route:
    return Route(tuple(_stage_from_json(stage) for stage in stages))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _stage_from_json(stage: Mapping[str, Any]) -> StagePlan:
    publicity, window = stage["publicity"], stage["window"]
    return StagePlan(
        stage_no=stage["stage_no"],
        level=stage["level"],
        authority=stage["authority"],
        applicable=stage["applicable"],
        guards=tuple(GuardPlan(**guard) for guard in stage["guards"]),
        list_id=stage["list_id"],
        also_lists=tuple(stage["also_lists"]),
        publicity=PublicityPlan(**publicity) if publicity else None,
        travels=stage["travels"],
        recommends=stage["recommends"],
        consults=tuple(Department(**one) for one in stage["consults"]),
        checklist=tuple(ChecklistItem(**item) for item in stage["checklist"]),
        window=_window_from_json(window) if window else None,
        correction_days=stage["correction_days"],
        article=stage["article"],
    )


def _window_from_json(window: Mapping[str, Any]) -> WindowPlan:
    opens, closes = window["opens_at"], window["closes_at"]
    return WindowPlan(
        datetime.fromisoformat(opens) if opens else None,
        datetime.fromisoformat(closes) if closes else None,
        window["rule"],
        window["article"],
        window["authority"],
    )
