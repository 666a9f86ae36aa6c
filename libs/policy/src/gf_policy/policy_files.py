"""From a policy folder (policy.yaml, routes.yaml, form-*.yaml) to what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gf_policy import manifest
from gf_policy.authorities import AuthorityTree
from gf_policy.files import PolicyFile, article_of, check_schema, read_yaml, source_of
from gf_policy.form_reading import read_form
from gf_policy.forms import Form, FormTightening
from gf_policy.model import (
    AutomaticListing,
    ChecklistItem,
    Eligibility,
    Exclusion,
    GuardPlan,
    Level,
    ListingGates,
    ListLevel,
    Policy,
    Publicity,
    Strength,
)


@dataclass(frozen=True, slots=True)
class WindowRule:
    act: str
    opens: date | None
    closes: date | None  # last day, counted in full
    rule: str
    article: str


@dataclass(frozen=True, slots=True)
class PreconditionRule:
    code: str
    categories: frozenset[str]
    kinds: frozenset[str]
    list_level: ListLevel
    list_authority: str
    strength: Strength
    message: str
    rule: str
    article: str


@dataclass(frozen=True, slots=True)
class ListRule:
    level: ListLevel
    publicity: Publicity | None
    travels: Any  # "at_once" or "after_publicity", None where not said
    rule: str
    article: str


@dataclass(frozen=True, slots=True)
class StageRule:
    guards: tuple[GuardPlan, ...]
    checklist: tuple[ChecklistItem, ...]
    consults: tuple[str, ...]
    list: ListRule | None
    correction_days: int | None
    article: str


@dataclass(frozen=True, slots=True)
class Column:
    stage_no: int
    levels: tuple[Level, ...]
    label: str


@dataclass(frozen=True, slots=True)
class RouteRules:
    columns: tuple[Column, ...]
    acts_as: Mapping[tuple[str, str], Level]  # (level, kind of authority) -> level whose stage it does
    departments: Mapping[str, str]
    stages: Mapping[tuple[str, str], StageRule]  # (kind of submission, level)
    ends_at: str | None = None  # level of the last stage, where the way does not go on to the ministry


NO_ROUTES = RouteRules((), {}, {}, {})


@dataclass(frozen=True, slots=True)
class PolicyFolder:
    policy: Policy
    file: PolicyFile
    windows: Mapping[str, WindowRule]
    exclusions: tuple[Exclusion, ...]
    eligibility: Mapping[str, Eligibility]
    preconditions: tuple[PreconditionRule, ...]
    automatic_listings: tuple[AutomaticListing, ...]
    gates: ListingGates | None
    routes: RouteRules
    routes_file: PolicyFile | None
    forms: Mapping[tuple[str, str], Form]
    tightenings: tuple[FormTightening, ...]


def read_folder(root: Path, folder: str, published: Mapping[str, str], tree: AuthorityTree) -> PolicyFolder:
    file = read_yaml(root, f"{folder}/policy.yaml")
    check_schema(root, file, "policy")
    data = file.data
    if data["id"] != folder:
        raise file.fault(f"编号应与文件夹一致：{folder}。", "id")
    jurisdiction = data["jurisdiction"]
    if jurisdiction is not None and jurisdiction not in tree:
        raise file.fault(f"主管部门“{jurisdiction}”不存在。", "jurisdiction")
    for index, rule in enumerate(data.get("preconditions", ())):
        if rule["list_authority"] not in tree:
            raise file.fault(f"主管部门“{rule['list_authority']}”不存在。", "preconditions", index)
    policy = _policy(data, manifest.folder_hash(published, folder))
    if policy.valid_to is not None and policy.valid_to <= policy.valid_from:
        raise file.fault("有效期的止日应晚于起日。", "validity")
    forms = [read_form(root, f"{folder}/{path.name}") for path in sorted((root / folder).glob("form-*.yaml"))]
    routes_file = read_yaml(root, f"{folder}/routes.yaml") if (root / folder / "routes.yaml").exists() else None
    if routes_file is not None:
        check_schema(root, routes_file, "routes")
    return PolicyFolder(
        policy=policy,
        file=file,
        windows=_windows(file),
        exclusions=tuple(_exclusion(rule) for rule in data.get("exclusions", ())),
        eligibility={rule["category"]: _eligibility(rule) for rule in data.get("eligibility", ())},
        preconditions=tuple(_precondition(rule) for rule in data.get("preconditions", ())),
        automatic_listings=tuple(_automatic(rule, jurisdiction) for rule in data.get("automatic_listings", ())),
        gates=_gates(data["listing_gates"]) if "listing_gates" in data else None,
        routes=NO_ROUTES if routes_file is None else _routes(routes_file),
        routes_file=routes_file,
        forms={(form.category, form.kind): form for form in forms},
        tightenings=tuple(_tightening(rule) for rule in data.get("forms", ())),
    )


def _policy(data: Mapping[str, Any], digest: str) -> Policy:
    validity = data["validity"]
    report = data.get("third_party_report")
    gates = data.get("listing_gates")
    return Policy(
        id=data["id"],
        version=data["version"],
        hash=digest,
        title=data["title"],
        document=data["document"],
        document_number="",
        jurisdiction=data["jurisdiction"],
        year=data["year"],
        valid_from=date.fromisoformat(validity["from"]),
        valid_to=None if validity["to"] is None else date.fromisoformat(validity["to"]),
        extends=data.get("extends"),
        categories=tuple(data["categories"]),
        kinds=tuple(data["kinds"]),
        third_party_report=None if report is None else report["required"],
        bar_years=None if gates is None else gates["fraud_bar_years"],
        settings={setting["code"]: setting["value"] for setting in data.get("settings", ())},
    )


def _windows(file: PolicyFile) -> dict[str, WindowRule]:
    windows: dict[str, WindowRule] = {}
    for index, rule in enumerate(file.data.get("windows", ())):
        try:
            opens, closes = (date.fromisoformat(rule[key]) if key in rule else None for key in ("opens", "closes"))
        except ValueError:
            raise file.fault("日期不存在。", "windows", index) from None
        if rule["act"] in windows or (opens and closes and closes < opens):
            raise file.fault(f"“{rule['act']}”重复，或止日早于起日。", "windows", index)
        windows[rule["act"]] = WindowRule(rule["act"], opens, closes, rule["rule"], article_of(rule))
    return windows


def _exclusion(rule: Mapping[str, Any]) -> Exclusion:
    return Exclusion(
        code=rule["code"],
        fact=rule["fact"],
        label=rule["label"],
        rule=rule["rule"],
        article=article_of(rule),
        years=rule["years"],
        covers_enterprises_inside=rule.get("covers_enterprises_inside", False),
    )


def _eligibility(rule: Mapping[str, Any]) -> Eligibility:
    divisions = frozenset(rule["industry_divisions"])
    return Eligibility(rule["uscc_required"], divisions, rule["rule"], article_of(rule), rule["message"])


def _precondition(rule: Mapping[str, Any]) -> PreconditionRule:
    return PreconditionRule(
        code=rule["code"],
        categories=frozenset(rule["categories"]),
        kinds=frozenset(rule["kinds"]),
        list_level=rule["list_level"],
        list_authority=rule["list_authority"],
        strength=rule["strength"],
        message=rule["message"],
        rule=rule["rule"],
        article=article_of(rule),
    )


def _automatic(rule: Mapping[str, Any], authority: str | None) -> AutomaticListing:
    return AutomaticListing(
        on_level=rule["on_level"],
        adds_level=rule["adds_level"],
        authority=authority or "",
        categories=frozenset(rule["categories"]),
        rule=rule["rule"],
        article=article_of(rule),
    )


def _gates(rule: Mapping[str, Any]) -> ListingGates:
    return ListingGates(
        removal_lookback_years=rule["removal_lookback_years"],
        fraud_bar_years=rule["fraud_bar_years"],
        article_removed=str(source_of({"source": rule["removed_source"]})),
        article_fraud=article_of(rule),
    )


def _tightening(rule: Mapping[str, Any]) -> FormTightening:
    return FormTightening(
        category=rule["category"],
        kind=rule["kind"],
        require=frozenset(rule.get("require", ())),
        channels={entry["slot"]: frozenset(entry["channels"]) for entry in rule.get("evidence_channels", ())},
    )


def _routes(file: PolicyFile) -> RouteRules:
    data = file.data
    stages = {
        (kind, level): _stage(stage) for kind, by_level in data["kinds"].items() for level, stage in by_level.items()
    }
    return RouteRules(
        columns=tuple(Column(c["stage_no"], tuple(c["levels"]), c["label"]) for c in data.get("columns", ())),
        acts_as={(rule["level"], rule["kind"]): rule["acts_as"] for rule in data.get("acts_as", ())},
        departments=data.get("departments", {}),
        stages=stages,
        ends_at=data["ends_at"]["level"] if "ends_at" in data else None,
    )


def _stage(stage: Mapping[str, Any]) -> StageRule:
    listing, correction = stage.get("list"), stage.get("correction")
    return StageRule(
        guards=tuple(
            GuardPlan(rule["code"], rule.get("params", {}), rule["rule"], article_of(rule))
            for rule in stage.get("guards", ())
        ),
        checklist=tuple(
            ChecklistItem(item["code"], item["label"], item["rule"], article_of(item))
            for item in stage.get("checklist", ())
        ),
        consults=tuple(stage["consults"]["departments"]) if "consults" in stage else (),
        list=None if listing is None else _list(listing),
        correction_days=None if correction is None else correction["days"],
        article=article_of(stage),
    )


def _list(rule: Mapping[str, Any]) -> ListRule:
    shown = rule.get("publicity")
    publicity = None if shown is None else Publicity(shown["days"], shown["unit"], shown["rule"], article_of(shown))
    return ListRule(rule["level"], publicity, rule.get("travels"), rule["rule"], article_of(rule))
