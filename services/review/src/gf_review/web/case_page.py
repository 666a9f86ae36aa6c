"""The case as its page shows it: the line of levels, form rows side by side, what happened since one last looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gf_chassis.web import when
from gf_review.domain.decisions import Seen
from gf_review.domain.instants import SHANGHAI

Json = dict[str, Any]

KINDS = {
    "not_applicable": "none",
    "not_started": "none",
    "in_review": "wait",
    "passed": "ok",
    "returned": "warn",
    "refused": "bad",
}
#: Lines of the history that are no decision.
MINOR = frozenset({"sheet_attached", "findings_recorded", "assessment_recorded", "document_uploaded", "reason_given"})
#: Conditions that one of the page's forms meets: the form's id.
FORMS = {
    "checklist": "act-findings",
    "marks": "act-marks",
    "consultations": "act-consult",
    "expert_review": "act-expert",
    "recommendation_document": "act-document",
    "below_average_reason": "act-reason",
    "list_reason": "act-reason",
}


def steps(stages: Sequence[Mapping[str, Any]]) -> list[Json]:
    """For the macro `steps`."""
    return [
        {
            "level": one["level_name"],
            "name": one["authority_name"],
            "state": one["state"],
            "label": one["label"],
            "kind": KINDS.get(one["state"], "none"),
            "substates": one["substate_labels"],
            "when": when(one["decided_at"]),
            "reason": one["reason"],
        }
        for one in stages
    ]


def form_rows(content: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> list[Json]:
    """One line per code and product, years side by side, with its warnings and the findings on it."""
    values = content["values"]
    rows: dict[tuple[str, str], Json] = {}
    for fact in values:
        key = (fact["code"], fact["product"])
        named = {name: fact[name] for name in ("code", "label", "product", "unit")}
        row = rows.setdefault(key, named | {"of": {}, "warnings": [], "findings": []})
        row["of"][fact["year"]] = fact["shown"]
    for warning in content["warnings"]:
        code = code_at(str(warning.get("pointer", "")), values)
        for key, row in rows.items():
            if key[0] == code:
                row["warnings"].append(warning)
                break
    for one in findings:
        code = code_at(str(one["pointer"]), values)
        for key, row in rows.items():
            if key[0] == code:
                row["findings"].append(one)
                break
    return list(rows.values())


def code_at(pointer: str, values: Sequence[Mapping[str, Any]]) -> str:
    """The row that a pointer names, by its code (`/values/energy_total`) or by its place (`/values/3/value`)."""
    parts = pointer.split("/")
    if len(parts) < 3 or parts[1] != "values":
        return ""
    if parts[2].isascii() and parts[2].isdigit():
        place = int(parts[2])
        return str(values[place]["code"]) if place < len(values) else ""
    return parts[2]


def place_name(pointer: str, content: Mapping[str, Any]) -> str:
    """A pointer as people read it: the row's or the evidence's name."""
    if not pointer:
        return ""
    code = code_at(pointer, content["values"])
    if code:
        return next((str(one["label"]) for one in content["values"] if one["code"] == code), code)
    slot = pointer.rpartition("/")[2]
    return next((str(one["label"]) for one in content["evidence"] if one["slot"] == slot), pointer)


def places(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every field and every file a finding can be tied to."""
    rows = {f"/values/{one['code']}": str(one["label"]) for one in content["values"]}
    files = {f"/evidence/{one['slot']}": f"材料：{one['label']}" for one in content["evidence"]}
    return list((rows | files).items())


def since(case: Mapping[str, Any], seen: Seen | None) -> list[str]:
    """What others did after the version that was looked at, in words."""
    if seen is None:
        return []
    lines = []
    for one in case["history"]:
        newer = one["version"] is not None and one["version"] > seen.version
        sheet = one["what"] == "sheet_attached" and int(one["data"].get("revision", 0)) > seen.revision
        if newer or (sheet and one["round"] == case["round"]):
            lines.append(told(one))
    return lines


def told(line: Mapping[str, Any]) -> str:
    """One line of the history as a sentence."""
    who = " ".join(part for part in (line["authority_name"], line["person"]) if part)
    text = f"{when(line['at'])}　{who}：{line['label']}"
    if line["what"] == "sheet_attached":
        text += f"（第 {line['data'].get('revision')} 版）"
    return text + (f"。{line['reason']}" if line["reason"] else "")


def days_left(closing: datetime | None, now: datetime) -> int | None:
    """Full days until the closing day; 0 on the day itself, negative when it is over."""
    if closing is None:
        return None
    if now >= closing:
        return -1
    return (closing.astimezone(SHANGHAI) - now.astimezone(SHANGHAI)).days


def rounds(case: Mapping[str, Any]) -> list[Json]:
    """The history by round, the newest round first and in it the newest line first."""
    found: dict[int, list[Any]] = {one["round"]: [] for one in case["rounds"]}
    for line in case["history"]:
        found.setdefault(line["round"] or case["round"], []).append(line)
    admitted = {one["round"]: one for one in case["rounds"]}
    return [
        {"round": number, "lines": list(reversed(found[number])), "about": admitted.get(number)}
        for number in sorted(found, reverse=True)
    ]
