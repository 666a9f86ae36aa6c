"""An overlay may only tighten: earlier dates, more guards, more preconditions, more exclusions. All else is refused.

Each overlay is held against what already applies above it: its base, tightened by the overlays of the authorities
above its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from gf_policy.errors import PolicyError
from gf_policy.model import GuardPlan
from gf_policy.policy_files import PolicyFolder, StageRule
from gf_policy.routes import merge

_STRENGTH = {"warn": 0, "refuse": 1}


def check_base(base: PolicyFolder) -> None:
    """A base stands alone: every window with both dates, every exclusion with its row in every form."""
    for act, window in base.windows.items():
        if window.opens is None or window.closes is None:
            raise base.file.fault(f"基础规定的“{act}”应写明起止日。", "windows")
    for (category, kind), form in base.forms.items():
        if category not in base.policy.categories or kind not in base.policy.kinds:
            raise base.file.fault(f"《{form.title}》的类别或事项不在本规定之内。", "categories")
        codes = {row.code for row in form.rows}
        for index, exclusion in enumerate(base.exclusions):
            if exclusion.fact not in codes:
                raise base.file.fault(f"《{form.title}》中没有“{exclusion.fact}”，无法逐项声明。", "exclusions", index)


def check_overlay(overlay: PolicyFolder, above: Sequence[PolicyFolder]) -> None:
    """`above`: base first, then the overlays of higher authorities."""
    base = above[0]
    _check_scope(overlay, base)
    _check_windows(overlay, above)
    _check_conditions(overlay, above)
    _check_gates(overlay, above)
    _check_forms(overlay, base)
    if overlay.routes_file is not None:
        _check_routes(overlay, above)


def _check_scope(overlay: PolicyFolder, base: PolicyFolder) -> None:
    file, policy = overlay.file, overlay.policy
    if policy.jurisdiction is None:
        raise file.fault("叠加规定应写明所属主管部门。", "jurisdiction")
    if not set(policy.categories) <= set(base.policy.categories):
        raise file.fault("叠加规定只能收紧：类别不能多于基础规定。", "categories")
    if not set(policy.kinds) <= set(base.policy.kinds):
        raise file.fault("叠加规定只能收紧：事项不能多于基础规定。", "kinds")
    if overlay.forms:
        raise file.fault("叠加规定不能另立申报表；可用 forms 增加必填项和佐证材料。")
    if base.policy.third_party_report and policy.third_party_report is False:
        raise file.fault("叠加规定只能收紧：基础规定要求第三方评价报告。", "third_party_report")


def _check_windows(overlay: PolicyFolder, above: Sequence[PolicyFolder]) -> None:
    for index, (act, window) in enumerate(overlay.windows.items()):
        rules = [folder.windows[act] for folder in above if act in folder.windows]
        if not rules:
            raise overlay.file.fault(f"基础规定没有“{act}”的时间。", "windows", index)
        latest = min(rule.closes for rule in rules if rule.closes is not None)
        earliest = max(rule.opens for rule in rules if rule.opens is not None)
        if window.closes is not None and window.closes > latest:
            raise overlay.file.fault(f"叠加规定只能收紧：“{act}”的止日不能晚于 {latest}。", "windows", index)
        if window.opens is not None and window.opens < earliest:
            raise overlay.file.fault(f"叠加规定只能收紧：“{act}”的起日不能早于 {earliest}。", "windows", index)
        if (window.opens or earliest) > (window.closes or latest):
            raise overlay.file.fault(f"“{act}”没有剩下可用的时间。", "windows", index)


def _check_conditions(overlay: PolicyFolder, above: Sequence[PolicyFolder]) -> None:
    exclusions = {each.code: each for folder in above for each in folder.exclusions}
    for index, exclusion in enumerate(overlay.exclusions):
        known = exclusions.get(exclusion.code)
        if known is not None and (
            exclusion.fact != known.fact
            or exclusion.years < known.years
            or (known.covers_enterprises_inside and not exclusion.covers_enterprises_inside)
        ):
            raise overlay.file.fault(f"叠加规定只能收紧：“{exclusion.code}”比上级规定宽。", "exclusions", index)
    preconditions = {each.code: each for folder in above for each in folder.preconditions}
    for index, rule in enumerate(overlay.preconditions):
        same = preconditions.get(rule.code)
        if same is not None and (
            _STRENGTH[rule.strength] < _STRENGTH[same.strength]
            or (rule.list_level, rule.list_authority) != (same.list_level, same.list_authority)
            or not (same.categories <= rule.categories and same.kinds <= rule.kinds)
        ):
            raise overlay.file.fault(f"叠加规定只能收紧：前提条件“{rule.code}”比上级规定宽。", "preconditions", index)
    for index, category in enumerate(overlay.eligibility):
        rule_, bases = (
            overlay.eligibility[category],
            [f.eligibility[category] for f in above if category in f.eligibility],
        )
        for known_ in bases:
            wider = known_.industry_divisions and not (
                rule_.industry_divisions and rule_.industry_divisions <= known_.industry_divisions
            )
            if wider or (known_.uscc_required and not rule_.uscc_required):
                raise overlay.file.fault(
                    f"叠加规定只能收紧：“{category}”的申报条件比上级规定宽。", "eligibility", index
                )


def _check_gates(overlay: PolicyFolder, above: Sequence[PolicyFolder]) -> None:
    if overlay.gates is None:
        return
    for gates in (folder.gates for folder in above if folder.gates is not None):
        if (
            overlay.gates.fraud_bar_years < gates.fraud_bar_years
            or overlay.gates.removal_lookback_years < gates.removal_lookback_years
        ):
            raise overlay.file.fault("叠加规定只能收紧：年限不能短于上级规定。", "listing_gates")


def _check_forms(overlay: PolicyFolder, base: PolicyFolder) -> None:
    for index, extra in enumerate(overlay.tightenings):
        form = base.forms.get((extra.category, extra.kind))
        if form is None:
            raise overlay.file.fault("基础规定没有这张申报表。", "forms", index)
        unknown = (extra.require - {row.code for row in form.rows}) | (
            set(extra.channels) - {slot.code for slot in form.evidence_slots}
        )
        if unknown:
            raise overlay.file.fault(f"申报表中没有“{sorted(unknown)[0]}”。", "forms", index)


def _check_routes(overlay: PolicyFolder, above: Sequence[PolicyFolder]) -> None:
    routes, file = overlay.routes, overlay.routes_file
    assert file is not None
    if routes.columns or routes.acts_as:
        raise file.fault("叠加规定不能改变审核级次。", "columns")
    departments = {code for folder in (*above, overlay) for code in folder.routes.departments}
    for (kind, level), stage in routes.stages.items():
        here = ("kinds", kind, level)
        existing = [folder.routes.stages[kind, level] for folder in above if (kind, level) in folder.routes.stages]
        if not existing:
            raise file.fault("基础规定没有这一级的审核。", *here)
        unknown = set(stage.consults) - departments
        if unknown:
            raise file.fault(f"没有代码为“{sorted(unknown)[0]}”的部门。", *here)
        fault = _stage_fault(merge(existing), stage)
        if fault is not None:
            raise file.fault(f"叠加规定只能收紧：{fault}。", *here)


def _stage_fault(known: StageRule, extra: StageRule) -> str | None:
    guards = {guard.code: guard for guard in known.guards}
    for guard in extra.guards:
        if guard.code in guards and not _at_least_as_strict(guards[guard.code], guard):
            return f"把关“{guard.code}”比上级规定宽"
    if known.list is not None and extra.list is not None:
        if extra.list.level != known.list.level:
            return "不能改变本级所存的名单"
        if known.list.travels == "after_publicity" and extra.list.travels == "at_once":
            return "公示期满前不能上报"
        if known.list.publicity is not None and extra.list.publicity is not None:
            days = {"working": 1, "calendar": 0}
            before, after = known.list.publicity, extra.list.publicity
            if after.days < before.days or days[after.unit] < days[before.unit]:
                return "公示期不能缩短"
    if extra.correction_days is not None and extra.correction_days > (known.correction_days or extra.correction_days):
        return "退回修改的期限不能延长"
    if "consultations" in {guard.code for guard in extra.guards} and not (known.consults or extra.consults):
        return "征求意见没有写明部门"
    return None


def _at_least_as_strict(known: GuardPlan, guard: GuardPlan) -> bool:
    before, after = known.params, guard.params
    match guard.code:
        case "expert_review":
            grade_before, grade_after = before.get("min_grade"), after.get("min_grade")
            graded = grade_before is None or (grade_after is not None and str(grade_after) <= str(grade_before))
            return graded and (before.get("optional") is True or after.get("optional") is False)
        case "sheet":
            return before.get("not_scorable") == "allow" or after.get("not_scorable") == "refuse"
        case "quota":
            limit, new = before.get("max"), after.get("max")
            return limit is None or (isinstance(new, int) and isinstance(limit, int) and new <= limit)
        case _:
            return before == after


def fault_of(overlay: PolicyFolder, above: Sequence[PolicyFolder]) -> PolicyError | None:
    """The fault that loading would refuse the overlay for, if any."""
    try:
        check_overlay(overlay, above)
    except PolicyError as fault:
        return fault
    return None
