"""What a publicity (公示) means to the units on it."""

from __future__ import annotations

from collections.abc import Mapping

from gf_notify.domain.notices import Telling, to_unit

_ENTRY = {"objected": "objected", "upheld": "objection_upheld", "dismissed": "objection_dismissed"}


def tell_publicity(
    seen_state: str,
    seen: Mapping[str, str],
    state: str,
    entries: Mapping[str, tuple[str, str]],
    *,
    until: str,
    list_name: str,
) -> list[Telling]:
    """``entries``: submission → (unit, state). Each unit hears once that it is published, and of each objection."""
    told: list[Telling] = []
    if state == "open" and seen_state != "open":
        told += [
            to_unit("publicity_opened", unit, submission, until=until, list=list_name)
            for submission, (unit, _) in entries.items()
        ]
    for submission, (unit, entry) in entries.items():
        template = _ENTRY.get(entry)
        if template and seen.get(submission) != entry:
            told.append(to_unit(template, unit, submission))
    return told
