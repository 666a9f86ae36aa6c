"""Routes (审核路线): which levels a unit's submission passes, and what each asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gf_policy.authorities import AuthorityTree
from gf_policy.errors import PolicyLookupError
from gf_policy.model import Authority, GuardPlan, Route, StagePlan, UnitAttributes
from gf_policy.policy_files import Column, ListRule, RouteRules, StageRule


def plan_route(
    tree: AuthorityTree,
    base: RouteRules,
    overlays: Sequence[RouteRules],
    unit: UnitAttributes,
    kind: str,
    also_lists: dict[str, tuple[str, ...]],
) -> Route:
    """The route follows from where the chosen superior stands in the tree; columns not on the way are 不适用."""
    by_column: dict[int, Authority] = {}
    for authority in _up_to(_chain(tree, unit), base.ends_at):
        column = _column(base.columns, authority)
        by_column[column.stage_no] = authority
    stages: list[StagePlan] = []
    for column in base.columns:
        found = by_column.get(column.stage_no)
        if found is None:
            stages.append(StagePlan(column.stage_no, column.levels[0], None, applicable=False))
            continue
        role = base.acts_as.get((found.level, found.kind), found.level)
        rules = [rule for routes in (base, *overlays) if (rule := routes.stages.get((kind, role))) is not None]
        if not rules:
            raise PolicyLookupError("no_route", f"没有规定“{kind}”在{found.name}的审核办法。", rule="DM-route")
        stages.append(_stage(column.stage_no, found, merge(rules), unit.category, also_lists))
    following: int | None = None
    for position in range(len(stages) - 1, -1, -1):
        if stages[position].applicable:
            stages[position] = replace(stages[position], recommends=following)
            following = stages[position].stage_no
    return Route(tuple(stages))


def _chain(tree: AuthorityTree, unit: UnitAttributes) -> tuple[Authority, ...]:
    if unit.group and unit.superior and unit.group not in {above.id for above in tree.chain(unit.superior)}:
        raise PolicyLookupError(
            "group_superior_mismatch",
            f"所属集团为“{tree.get(unit.group).name}”的单位由集团审核，上级主管部门应选该集团；"
            "如由所在地审核，请在单位信息中去掉所属集团。",
            rule="DM-route-group",
            article="DM 附件2 问题4",
        )
    chain = tree.chain(unit.superior or unit.group or "")
    for authority in chain:
        if unit.category not in authority.competence:
            raise PolicyLookupError(
                "not_competent", f"{authority.name}不受理此类别（{unit.category}）的申报。", rule="DM-route"
            )
    return chain


def _up_to(chain: Sequence[Authority], last: str | None) -> Sequence[Authority]:
    """The way ends at this level; what stands above has no stage (a province's own list)."""
    return [authority for authority in chain if last is None or _HEIGHT[authority.level] <= _HEIGHT[last]]


_HEIGHT = {"county": 1, "city": 2, "province": 3, "group": 3, "ministry": 4}


def _column(columns: Sequence[Column], authority: Authority) -> Column:
    for column in columns:
        if authority.level in column.levels:
            return column
    raise PolicyLookupError("no_route", f"审核路线中没有{authority.name}所在的级次。", rule="DM-route")


def merge(rules: Sequence[StageRule]) -> StageRule:
    """Base first, each overlay adds: guards, checklist items, departments; a list where there was none."""
    merged = rules[0]
    for extra in rules[1:]:
        merged = StageRule(
            guards=_merge_guards(merged.guards, extra.guards),
            checklist=(*merged.checklist, *(item for item in extra.checklist if item not in merged.checklist)),
            consults=tuple(dict.fromkeys((*merged.consults, *extra.consults))),
            list=_merge_list(merged.list, extra.list),
            correction_days=extra.correction_days or merged.correction_days,
            article="；".join(dict.fromkeys((merged.article, extra.article))),
        )
    return merged


def _merge_guards(base: tuple[GuardPlan, ...], extra: tuple[GuardPlan, ...]) -> tuple[GuardPlan, ...]:
    replaced = {guard.code: guard for guard in extra}
    kept = tuple(replaced.pop(guard.code, guard) for guard in base)
    added = tuple(guard for guard in extra if guard.code in replaced)
    # A recommendation is sealed last: what an overlay adds has to be on record before it.
    cut = next((i for i, guard in enumerate(kept) if guard.code in ("recommendation_document", "batch")), len(kept))
    return (*kept[:cut], *added, *kept[cut:])


def _merge_list(base: ListRule | None, extra: ListRule | None) -> ListRule | None:
    if base is None or extra is None:
        return extra or base
    return replace(
        extra, publicity=extra.publicity or base.publicity, travels=extra.travels or base.travels, level=base.level
    )


def _stage(
    stage_no: int, authority: Authority, rule: StageRule, category: str, also_lists: dict[str, tuple[str, ...]]
) -> StagePlan:
    listing = rule.list
    return StagePlan(
        stage_no=stage_no,
        level=authority.level,
        authority=authority.id,
        applicable=True,
        guards=rule.guards,
        list_level=None if listing is None else listing.level,
        list_id=None if listing is None else f"{listing.level}:{authority.id}:{category}",
        also_lists=() if listing is None else also_lists.get(listing.level, ()),
        publicity=None if listing is None else listing.publicity,
        consults=rule.consults,
        checklist=rule.checklist,
        travels="at_once" if listing is None or listing.travels is None else listing.travels,
        correction_days=rule.correction_days or 10,
        article=rule.article,
    )
