"""Admission (受理): everything that is asked at 上报, by one function for every way in.

The window and the correction's term are read against the database clock of the admitting transaction. All grounds
against the submission are collected and each is named with its rule and article; nothing is stored when there is one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gf_intake.domain.campaigns import Campaign, Window, require_open
from gf_intake.domain.errors import AdmissionRefused, CampaignNotOpen, FieldError
from gf_intake.domain.units import Profile


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground against (or a warning about) a submission, with where the law says so."""

    code: str
    pointer: str
    message: str
    rule: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """禁止申报 in force for the unit, as registry published it."""

    ground: str
    article: str
    valid_from: date
    valid_until: date | None  # first day free again
    reason: str = ""

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A ground of exclusion (GD art. 17): the form's flag declares it."""

    code: str
    fact: str
    label: str
    rule: str
    article: str


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may apply in a category, as far as the profile shows it (GD art. 8–10)."""

    uscc_required: bool  # independent legal person (独立法人)
    industry_divisions: frozenset[str]  # divisions (大类) of GB/T 4754 for the main industry; empty: any
    rule: str
    article: str
    message: str

    def admits(self, uscc: str | None, main_industry: str) -> bool:
        if self.uscc_required and not uscc:
            return False
        return not self.industry_divisions or main_industry[:2] in self.industry_divisions


@dataclass(frozen=True, slots=True)
class Precondition:
    """A list the unit must (or should) stand on before it may apply."""

    code: str
    list_id: str
    refuse: bool
    rule: str
    article: str
    message: str


@dataclass(frozen=True, slots=True)
class Law:
    """What the policies along the unit's route demand at 上报; the same for all units of that route."""

    window: Window
    exclusions: tuple[Exclusion, ...]
    eligibility: Eligibility | None
    preconditions: tuple[Precondition, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What registry says about the unit, as intake has it."""

    lists: Collection[str]  # ids of the lists it stands on
    bars: Sequence[Bar]


def require_window(campaign: Campaign, window: Window, now: datetime, *, in_correction: bool) -> None:
    """A correction is bound by its own term, everything else by the window (N25-dates)."""
    if in_correction:
        if campaign.state == "announced":
            raise CampaignNotOpen("该批次尚未开始。")
        return
    require_open(campaign.state, window, now)


def check(
    law: Law,
    profile: Profile,
    declared: Collection[str],
    standing: Standing,
    missing_evidence: Sequence[Ground],
    today: date,
) -> list[Ground]:
    """Refuse with every ground named, or return the warnings that travel with the submission (GD-17-gates).

    `declared`: the questions of the form that were answered with yes.
    """
    grounds = [
        Ground("excluded", f"/facts/{item.fact}", f"{item.label}:三年内存在此情形的不得申报", item.rule, item.article)
        for item in law.exclusions
        if item.fact in declared
    ]
    rule = law.eligibility
    if rule is not None and not rule.admits(profile.uscc, profile.industries[0] if profile.industries else ""):
        grounds.append(Ground("not_eligible", "/unit_id", rule.message, rule.rule, rule.article))
    for bar in standing.bars:
        if bar.in_force(today):
            until = f"至{bar.valid_until.isoformat()}前" if bar.valid_until else ""
            grounds.append(
                Ground(
                    "barred",
                    "/unit_id",
                    f"该单位{until}不得申报:{bar.reason or bar.ground}",
                    "GD-17-gates",
                    bar.article,
                )
            )
    warnings: list[Ground] = []
    for item in law.preconditions:
        if item.list_id not in standing.lists:
            ground = Ground(item.code, "/unit_id", item.message, item.rule, item.article)
            (grounds if item.refuse else warnings).append(ground)
    grounds += missing_evidence
    if grounds:
        raise AdmissionRefused(
            "不能上报:" + ";".join(ground.message for ground in grounds) + "。",
            rule=grounds[0].rule,
            article=grounds[0].article or None,
            errors=tuple(FieldError(ground.pointer, ground.code, ground.message) for ground in grounds),
        )
    return warnings
