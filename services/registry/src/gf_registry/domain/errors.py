"""Refusals of the registry's domain: a code, a plain Chinese sentence, and the rule behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DomainError(Exception):
    """A result the user sees. Attribute names are those the HTTP layer prints."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int = 422,
        rule: str | None = None,
        article: str | None = None,
        errors: Sequence[Any] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.rule = rule
        self.article = article
        self.errors = tuple(errors)


class IllegalTransition(DomainError):
    """The machine has no such step (状态不允许此操作)."""

    def __init__(self, what: str, current: str, target: str) -> None:
        super().__init__(
            "illegal_transition", f"{what}当前为“{current}”，不能变为“{target}”。请刷新后查看最新状态。", status=409
        )
        self.what = what
        self.current = current
        self.target = target
