"""What intake admitted in one round (SubmissionAdmitted), as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Admission:
    """The content of one round with everything the reviewers see of it."""

    submission_id: str
    round: int
    number: str
    unit: Mapping[str, Any]
    campaign_id: str
    kind: str
    year: int
    form: str
    content_hash: str
    admitted_at: datetime
    policies: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
