"""What scoring refuses, each with the rule and the article behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field (字段); same words as the problem document."""

    pointer: str
    code: str
    detail: str
    rule: str | None = None


class DomainError(Exception):
    """A request that scoring understands and refuses (不予受理)."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int = 422,
        rule: str | None = None,
        article: str | None = None,
        errors: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status
        self.rule = rule
        self.article = article
        self.errors = tuple(errors)


class NotVisible(DomainError):
    """Not there, or not the caller's to see: both answer alike (不存在或不可见)."""

    def __init__(self) -> None:
        super().__init__("not_found", "没有找到所请求的内容，或您无权查看。", status=404)


class BenchmarkRefused(DomainError):
    """A benchmark set (引领值和基准值) that may not be entered or published as it is."""


class IllegalTransition(DomainError):
    """The benchmark set is not in the state the act needs (状态不允许)."""

    def __init__(self, detail: str) -> None:
        super().__init__("illegal_transition", detail, status=409, rule="N25-A1")
