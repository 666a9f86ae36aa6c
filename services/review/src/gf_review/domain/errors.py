"""What review refuses. Each error names the rule, the article and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right, tied to a field by JSON Pointer."""

    pointer: str
    code: str
    detail: str
    rule: str = ""
    article: str = ""


class DomainError(Exception):
    """Base of everything this service refuses."""

    code = "rejected"
    status = 422

    def __init__(
        self,
        detail: str,
        *,
        rule: str | None = None,
        article: str | None = None,
        errors: Sequence[Problem] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.rule = rule
        self.article = article
        self.errors = tuple(errors)


class IllegalTransition(DomainError):
    """A move the state does not allow: a decision out of order, a batch already sent …"""

    code = "illegal_transition"
    status = 409


class OutsideCompetence(DomainError):
    """The stage belongs to another authority: it does not exist for the caller."""

    code = "not_found"
    status = 404


class RoleRequired(DomainError):
    """经办 cannot do what only 审批 may."""

    code = "role_required"
    status = 403


class SamePerson(DomainError):
    """One person never acts at two levels of the same case."""

    code = "same_person"
    status = 403


class StaleCase(DomainError):
    """The case moved on since the caller looked at it."""

    code = "stale"
    status = 412


class GuardNotMet(DomainError):
    """One or more guards of the stage are not met; each is named in `errors`."""

    code = "guard_not_met"
    status = 422


class WindowClosed(DomainError):
    """The act is outside its window (N25-dates)."""

    code = "window_closed"
    status = 422


class Invalid(DomainError):
    """A value that cannot be taken."""

    code = "invalid"
    status = 422


class UnknownGuard(DomainError):
    """The policy names a guard this service does not know: nothing may be opened under it."""

    code = "unknown_guard"
    status = 500
