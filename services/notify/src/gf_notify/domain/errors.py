"""What notify refuses."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal that a person reads; the attributes are those of a problem document."""

    status = 422
    rule: str | None = None
    article: str | None = None

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors: tuple[object, ...] = ()


class NoSuchNotice(DomainError):
    """Not there, or not the caller's: both look the same."""

    status = 404

    def __init__(self) -> None:
        super().__init__("not_found", "没有这条通知，或它不是发给您的。")
