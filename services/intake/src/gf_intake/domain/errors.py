"""What intake refuses, as typed errors with the rule and the article they rest on."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One reason for a refusal, tied to a place of the form (JSON Pointer) where there is one."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """A refusal the user sees. `detail` is plain Chinese: what is wrong, under which rule, what to do."""

    code = "refused"
    status = 422
    rule: str | None = None
    article: str | None = None

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        rule: str | None = None,
        article: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        if rule is not None:
            self.rule = rule
        if article is not None:
            self.article = article
        if code is not None:
            self.code = code


class IllegalTransition(DomainError):
    """The act does not fit the present state."""

    code = "illegal_transition"
    status = 409


class NotVerified(IllegalTransition):
    """Only a verified form can be submitted (上报)."""

    code = "not_verified"
    rule = "DM-draft"


class FormInvalid(DomainError):
    """The form's checks found errors (红色标记): it can be saved as a draft, not verified."""

    code = "form_invalid"
    rule = "DM-warn"


class InvalidUscc(DomainError):
    """统一社会信用代码 fails GB 32100."""

    code = "invalid_uscc"
    rule = "N25-self"


class InvalidProfile(DomainError):
    """A unit's profile is not acceptable."""

    code = "invalid_profile"


class UnitInReview(DomainError):
    """The profile is frozen while a submission of the unit is under review."""

    code = "unit_in_review"
    status = 409
    rule = "DM-superior"


class UnitExists(DomainError):
    """A unit of this category already carries this code."""

    code = "unit_exists"
    status = 409


class SubmissionExists(DomainError):
    """One form per unit, campaign and kind."""

    code = "submission_exists"
    status = 409


class WindowClosed(DomainError):
    """Outside the window of the act (截止时间)."""

    code = "window_closed"
    status = 409
    rule = "N25-dates"


class CampaignNotOpen(DomainError):
    """The campaign is announced or closed."""

    code = "campaign_not_open"
    status = 409
    rule = "N25-dates"


class PolicyNotInForce(DomainError):
    """A campaign cannot be opened under a policy that is not in force (GD art. 32)."""

    code = "policy_not_in_force"
    rule = "GD-32"


class DateNotAllowed(DomainError):
    """A lower level may set an earlier date only; who set a date may extend it."""

    code = "date_not_allowed"
    rule = "N25-dates"


class AdmissionRefused(DomainError):
    """The submission is not admitted; every ground is named in `errors`."""

    code = "admission_refused"


class EvidenceRefused(DomainError):
    """The file is not accepted as evidence."""

    code = "evidence_refused"
    rule = "N25-evid"


class EvidenceTooLarge(EvidenceRefused):
    """The file is larger than the limit."""

    code = "evidence_too_large"
    status = 413
