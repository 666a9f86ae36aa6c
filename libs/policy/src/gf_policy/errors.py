"""What can be wrong with the files, and with a question put to them."""

from __future__ import annotations


class PolicyError(Exception):
    """A policy file that may not be used: names the file, the line where known, and why, in plain Chinese."""

    def __init__(self, file: str, reason: str, line: int | None = None) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        where = file if line is None else f"{file} 第 {line} 行"
        super().__init__(f"{where}：{reason}")


class PolicyLookupError(LookupError):
    """A code or id that the policies do not know, or a question they have no answer to.

    Carries the attributes of a Rejected, so that a service can pass it on as a 422 answer.
    """

    status = 422

    def __init__(self, code: str, detail: str, *, rule: str | None = None, article: str | None = None) -> None:
        self.code = code
        self.detail = detail
        self.rule = rule
        self.article = article
        self.errors: tuple[object, ...] = ()
        super().__init__(detail)
