"""The three families of error: Rejected (a result the user sees), Transient (retried), Poison (held).

A service's own domain errors are Rejected too when they carry the attributes ``code`` and ``status`` and are
registered with ``create_app(rejections=…)``; they need not (and, in ``domain/``, must not) import this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field (字段) of a request."""

    #: JSON Pointer (RFC 6901) into the body; ``""`` is the body as a whole. Query and header errors use the
    #: fragment-like forms ``query:/limit`` and ``header:/If-Match``.
    pointer: str
    code: str
    detail: str
    rule: str | None = None


class Rejected(Exception):
    """A request that is understood and refused, with the rule and the article where there is one (不予受理)."""

    status = 422

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        rule: str | None = None,
        article: str | None = None,
        errors: Sequence[FieldError] = (),
        title: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = type(self).status if status is None else status
        self.rule = rule
        self.article = article
        self.errors = tuple(errors)
        self.title = title
        self.headers = dict(headers or {})


class NotFound(Rejected):
    """Not there, or not the caller's to see: both answer alike (不存在或不可见)."""

    status = 404

    def __init__(self, detail: str = "没有找到所请求的内容，或您无权查看。", *, code: str = "not_found") -> None:
        super().__init__(code, detail)


class Unauthenticated(Rejected):
    """No token, or one that does not stand the checks (未登录)."""

    status = 401

    def __init__(self, detail: str = "请先登录，或提供有效的访问令牌。", *, code: str = "unauthenticated") -> None:
        super().__init__(code, detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Rejected):
    """Visible to the caller, but this act is not theirs (无权操作). What is not visible answers NotFound instead."""

    status = 403

    def __init__(
        self, detail: str = "您没有办理此事项的权限。", *, code: str = "forbidden", rule: str | None = None
    ) -> None:
        super().__init__(code, detail, rule=rule)


class Conflict(Rejected):
    """The state of the thing does not allow the act (状态冲突)."""

    status = 409


class Stale(Rejected):
    """Somebody changed it since the caller read it (内容已被更新)."""

    status = 412

    def __init__(
        self,
        detail: str = "内容在您读取之后已被更新，请刷新后再试。",
        *,
        code: str = "stale",
        current: str | None = None,
    ) -> None:
        super().__init__(code, detail, headers={"ETag": current} if current else None)


class PreconditionRequired(Rejected):
    """A decision or an edit must name the version it saw (缺少 If-Match)."""

    status = 428

    def __init__(
        self, detail: str = "请在请求头 If-Match 中注明您所依据的版本。", *, code: str = "precondition_required"
    ) -> None:
        super().__init__(code, detail)


class Transient(Exception):
    """Something that heals by itself: HTTP answers 503 with Retry-After, a consumer retries in place (暂时性故障)."""

    def __init__(self, detail: str = "", *, retry_after: int = 2) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Poison(Exception):
    """A record that no retry will help: it is held with everything that follows on its key (搁置)."""
