"""Unit (申报单位): a factory, park or supply-chain enterprise, with a profile that is versioned, never overwritten.

The 统一社会信用代码 is an attribute with a history, not a key: parks have none, codes change, sites share one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from gf_intake.domain.errors import FieldError, IllegalTransition, InvalidProfile, UnitInReview

MAX_INDUSTRIES = 3


class UnitState(StrEnum):
    """Stored words of a unit's state."""

    ACTIVE = "active"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class DatedName:
    """A name and the day from which it holds; the next name ends it."""

    name: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a unit says about itself; each change is a new version."""

    name: str
    uscc: str | None
    industries: tuple[str, ...]  # GB/T 4754 codes, main industry first (主营行业, at most three)
    key_industry: str | None  # one of the key industries (重点行业)
    region: str
    superior: str  # authority chosen as 上级主管部门
    group: str | None = None  # central group (集团), which is then the superior
    contact: dict[str, str] = field(default_factory=dict)  # stays with intake, travels in no event


@dataclass(frozen=True, slots=True)
class Codes:
    """What the policies know: looked up by the use case, so that the rules need no tables."""

    industry_exists: Callable[[str], bool]
    key_industry_exists: Callable[[str], bool]
    authority_exists: Callable[[str], bool]


@dataclass(slots=True)
class Unit:
    """The aggregate. `version` is the version of the profile and the entity tag."""

    id: UUID
    category: str
    profile: Profile
    names: tuple[DatedName, ...]
    version: int = 1
    state: UnitState = UnitState.ACTIVE
    event_number: int = 0
    merged_into: UUID | None = None

    @classmethod
    def register(cls, unit_id: UUID, category: str, profile: Profile, codes: Codes, today: date) -> "Unit":
        """注册: the profile is checked, the name dated."""
        check_profile(profile, codes)
        return cls(unit_id, category, profile, (DatedName(profile.name, today),))

    def change_profile(self, profile: Profile, codes: Codes, *, in_review: bool, today: date) -> None:
        """修改单位信息. The new superior's route applies to what is submitted afterwards (DM-superior)."""
        if self.state is not UnitState.ACTIVE:
            raise IllegalTransition("该单位已并入其他单位或已注销,不能修改信息。")
        if in_review:
            raise UnitInReview(
                "该单位有表单正在审核。请先取消上报,待表单退回填写状态后再修改单位信息(含上级主管部门),然后重新上报。",
                errors=(FieldError("/superior", "unit_in_review", "审核期间不能修改"),),
            )
        check_profile(profile, codes)
        if profile.name != self.profile.name:
            self.names = _renamed(self.names, profile.name, today)
        self.profile = profile
        self.version += 1

    def next_event(self) -> int:
        """Number of the next published event of this unit; kept in its row, under its lock."""
        self.event_number += 1
        return self.event_number


def _renamed(names: tuple[DatedName, ...], name: str, today: date) -> tuple[DatedName, ...]:
    """Append a name; the one before ends on the day the new one begins."""
    *earlier, last = names
    if last.valid_from >= today:  # corrected on the day it was entered
        return (*earlier, replace(last, name=name))
    return (*earlier, replace(last, valid_to=today), DatedName(name, today))


def check_profile(profile: Profile, codes: Codes) -> None:
    """主营行业 by GB/T 4754, at most three, the first required; authorities must exist (DM-industry)."""
    errors: list[FieldError] = []
    if not profile.name:
        errors.append(FieldError("/name", "required", "请填写单位名称"))
    if not profile.industries:
        errors.append(FieldError("/industries", "required", "请至少选择一个主营行业"))
    if len(profile.industries) > MAX_INDUSTRIES:
        errors.append(FieldError("/industries", "too_many", f"主营行业最多{MAX_INDUSTRIES}个"))
    if len(set(profile.industries)) != len(profile.industries):
        errors.append(FieldError("/industries", "repeated", "主营行业重复"))
    errors += [
        FieldError(f"/industries/{index}", "unknown_industry", f"国民经济行业分类(GB/T 4754)中没有代码 {code}")
        for index, code in enumerate(profile.industries)
        if not codes.industry_exists(code)
    ]
    if profile.key_industry is not None and not codes.key_industry_exists(profile.key_industry):
        errors.append(FieldError("/key_industry", "unknown_key_industry", "重点行业名录中没有该行业"))
    if not codes.authority_exists(profile.superior):
        errors.append(FieldError("/superior", "unknown_authority", "没有该上级主管部门"))
    if profile.group is not None and not codes.authority_exists(profile.group):
        errors.append(FieldError("/group", "unknown_authority", "没有该集团"))
    if profile.group is not None and profile.superior != profile.group:
        errors.append(FieldError("/superior", "group_is_superior", "中央企业集团所属单位的上级主管部门应为该集团"))
    if errors:
        raise InvalidProfile("单位信息有误,请按提示逐项修改。", errors=errors, rule="DM-industry")
