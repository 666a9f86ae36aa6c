"""How a file is refused: one sentence that says what is wrong with it, under the rule for evidence."""

from gf_intake.domain.errors import EvidenceRefused, FieldError


def refusal(detail: str, code: str = "media_type") -> EvidenceRefused:
    return EvidenceRefused(f"{detail}。", code=code, errors=(FieldError("", code, detail),))
