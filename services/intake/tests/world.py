"""A small world for intake's tests: callers without an issuer, a clock in October 2025, events put by hand."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from google.protobuf.message import Message
from sqlalchemy import text

from gf_chassis.clock import Clock
from gf_chassis.consumer import Event
from gf_chassis.identity import InvalidToken, Principal
from gf_intake.bootstrap import Bootstrap
from gf_policy.uscc import complete
from services.intake.tests.samples import PDF, POLICY, content, pdf

CSRF = "form-token-of-the-tests"
_numbers = itertools.count(10_000_000)


def clock_at(moment: datetime) -> Clock:
    return Clock(moment - datetime.now(UTC))


def uscc(region: str = "500112") -> str:
    """A valid code that no test used before."""
    return complete(f"91{region}{next(_numbers):08d}")


def applicant(code: str, subject: str = "a1") -> Principal:
    return Principal(subject, "申报人", frozenset({"applicant"}), org=code, issuer="t")


def partner(authority: str, subject: str = "p1") -> Principal:
    return Principal(subject, "平台", frozenset({"partner"}), authority=authority, issuer="t")


def official(authority: str, *roles: str) -> Principal:
    return Principal(f"o-{authority}", "经办", frozenset(roles or ("reviewer",)), authority=authority, issuer="t")


class Callers:
    """Stands in for the issuer: a token is the number of a principal."""

    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}

    def bearer(self, principal: Principal) -> dict[str, str]:
        token = f"t{abs(hash(principal))}"
        self.known[token] = principal
        return {"authorization": f"Bearer {token}"}

    async def verify(self, token: str) -> Principal:
        try:
            return self.known[token]
        except KeyError:
            raise InvalidToken("unknown") from None


@dataclass
class World:
    """Intake with its API, and the steps that many tests need first."""

    intake: Bootstrap
    http: httpx.AsyncClient
    callers: Callers
    evidence: Path
    app: FastAPI
    _events: dict[tuple[str, str], int] = field(default_factory=dict)
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    async def call(
        self, who: Principal, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = self.callers.bearer(who) | {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST" and (key or who.has("partner")):
            sent["Idempotency-Key"] = key or f"key-{next(self._keys):06d}"
        return await self.http.request(method, f"/intake/v1{path}", json=body, headers=sent)

    def browser(self, who: Principal) -> httpx.AsyncClient:
        """A browser that is signed in at the pages; its form token is CSRF."""
        person = {
            "sub": who.subject,
            "name": who.name,
            "roles": sorted(who.roles),
            "authority": who.authority,
            "org": who.org,
        }
        session = {"p": person, "csrf": CSRF, "exp": int(datetime.now(UTC).timestamp()) + 600}
        cookies = self.app.state.pages.login.cookies
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://test",
            cookies={cookies.name("session"): str(cookies._signer("session").dumps(session))},
        )

    # --- steps ----------------------------------------------------------------------------------------------------

    async def unit(self, superior: str = "cq.yubei", **profile: Any) -> dict[str, Any]:
        code = profile.pop("uscc", None) or uscc()
        body = {
            "category": "factory",
            "name": "重庆示范机械有限公司",
            "uscc": code,
            "industries": ["3442"],
            "region": "500112",
            "superior": superior,
        } | profile
        answer = await self.call(applicant(code), "POST", "/units", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def campaign(self, *, kinds: tuple[str, ...] = ("application",)) -> str:
        steward = official("miit", "steward")
        body = {
            "name": "2025年国家绿色工厂",
            "year": 2025,
            "policy": POLICY,
            "categories": ["factory"],
            "kinds": [*kinds],
        }
        answer = await self.call(steward, "POST", "/campaigns", body)
        assert answer.status_code == 201, answer.text
        campaign_id = str(answer.json()["id"])
        opened = await self.call(steward, "POST", f"/campaigns/{campaign_id}/open", {}, If_Match=answer.headers["etag"])
        assert opened.status_code == 200, opened.text
        return campaign_id

    async def listed(self, unit_id: str, list_id: str = "provincial:cq:factory") -> None:
        """Registry says that the unit stands on a list (CQ-pre)."""
        await self.membership(unit_id, f"m-{unit_id}", "LISTED", list_id)

    async def listing_refused(self, unit_id: str, membership_id: str) -> None:
        """Registry says that a listing did not come about."""
        await self.membership(unit_id, membership_id, "REFUSED", "provincial:cq:factory")

    async def membership(self, unit_id: str, membership_id: str, state: str, list_id: str) -> None:
        from greenladder.registry.v1 import standings_pb2 as standings

        message = standings.MembershipChanged(
            unit_id=unit_id,
            membership_id=membership_id,
            list_id=list_id,
            state=standings.MembershipState.Value(f"MEMBERSHIP_STATE_{state}"),
            effective="2025-06-01",
            category="factory",
        )
        await self.event("registry.standings", unit_id, message)

    async def draft(self, unit: dict[str, Any], campaign_id: str) -> dict[str, Any]:
        body = {"unit_id": unit["id"], "campaign_id": campaign_id, "kind": "application"}
        answer = await self.call(applicant(unit["uscc"]), "POST", "/submissions", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def verified(
        self, unit: dict[str, Any], draft: dict[str, Any], form: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        who = applicant(unit["uscc"])
        answer = await self.call(
            who, "POST", f"/submissions/{draft['id']}/verify", form or content(), If_Match=f'"{draft["version"]}"'
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def upload(self, who: Principal, submission_id: str, slot: str, data: bytes = PDF) -> httpx.Response:
        ending = "pdf" if data.startswith(b"%PDF") else "jpg"
        return await self.http.put(
            f"/intake/v1/evidence/submissions/{submission_id}/{slot}",
            params={"name": f"{slot}.{ending}"},
            content=data,
            headers=self.callers.bearer(who),
        )

    async def with_evidence(self, unit: dict[str, Any], draft: dict[str, Any]) -> None:
        for slot in (
            "advanced_technology",
            "retrofit_projects",
            "green_design_report",
            "footprint_report",
            "sealed_scan",
        ):
            answer = await self.upload(applicant(unit["uscc"]), draft["id"], slot, pdf(slot))
            assert answer.status_code == 201, answer.text

    async def ready(self, campaign_id: str, **unit: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A unit on the municipal list with a verified form and all evidence."""
        found = await self.unit(**unit)
        await self.listed(found["id"])
        form = await self.verified(found, await self.draft(found, campaign_id))
        await self.with_evidence(found, form)
        return found, form

    async def submit(self, unit: dict[str, Any], form: dict[str, Any]) -> httpx.Response:
        return await self.call(
            applicant(unit["uscc"]), "POST", f"/submissions/{form['id']}/submit", If_Match=f'"{form["version"]}"'
        )

    async def submitted(self, campaign_id: str, **unit: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        found, form = await self.ready(campaign_id, **unit)
        answer = await self.submit(found, form)
        assert answer.status_code == 200, answer.text
        return found, answer.json()

    # --- what other services say --------------------------------------------------------------------------------------

    async def event(self, topic: str, key: str, message: Message) -> None:
        """Give an event to every group that listens, as the runner does: effect and commit in one transaction."""
        number = self._events.get((topic, key), 0) + 1
        self._events[topic, key] = number
        name = message.DESCRIPTOR.full_name
        event = Event(topic, key, number, name, f"{key}:{number}", datetime.now(UTC), message)
        for subscription in self.intake.runtime.subscriptions:
            handler = subscription.handlers.get(type(message))
            if topic in subscription.topics and handler is not None:
                async with self.intake.database.unit_of_work() as uow:
                    await handler(uow, event)
                    await uow.commit()

    async def progressed(
        self, submission_id: str, round_: int, *stages: tuple[int, str, str, str], version: int = 1
    ) -> None:
        """stages: number, level, authority, state."""
        from greenladder.review.v1 import cases_pb2 as cases

        await self.event(
            "review.cases",
            submission_id,
            cases.CaseProgressed(
                submission_id=submission_id,
                round=round_,
                state=cases.CASE_STATE_OPEN,
                case_version=version,
                stages=[
                    cases.Stage(
                        stage_no=number,
                        level=level,
                        authority=authority,
                        state=cases.StageState.Value(f"STAGE_STATE_{state.upper()}"),
                    )
                    for number, level, authority, state in stages
                ],
            ),
        )

    async def under_review(self, submission_id: str, round_: int = 1, county: str = "in_review") -> None:
        await self.progressed(
            submission_id,
            round_,
            (1, "county", "cq.yubei", county),
            (2, "city", "", "not_applicable"),
            (3, "province", "cq", "not_started"),
            (4, "ministry", "miit", "not_started"),
        )

    async def answered(self, submission_id: str, *, granted: bool, round_: int = 1) -> None:
        from greenladder.review.v1 import cases_pb2 as cases

        await self.event(
            "review.cases",
            submission_id,
            cases.WithdrawalAnswered(submission_id=submission_id, round=round_, granted=granted, reason="已审核"),
        )

    async def returned(self, submission_id: str, term: datetime, round_: int = 1) -> None:
        from greenladder.common.v1 import common_pb2 as common
        from greenladder.review.v1 import cases_pb2 as cases

        message = cases.CaseReturned(
            submission_id=submission_id,
            round=round_,
            stage_no=1,
            findings=[common.Finding(item="truth", pointer="/values/3/value", ok=False, note="与统计报表不符")],
            reason="请核对能耗数据",
        )
        message.term_ends_at.FromDatetime(term)
        await self.event("review.cases", submission_id, message)

    async def closed(self, submission_id: str, outcome: str, round_: int = 1) -> None:
        from greenladder.review.v1 import cases_pb2 as cases

        await self.event(
            "review.cases",
            submission_id,
            cases.CaseClosed(
                submission_id=submission_id,
                round=round_,
                outcome=cases.CaseOutcome.Value(f"CASE_OUTCOME_{outcome.upper()}"),
                ground="fraud",
            ),
        )

    async def barred(self, unit_id: str, state: str = "IN_FORCE") -> None:
        from greenladder.registry.v1 import standings_pb2 as standings

        fields = {
            "unit_id": unit_id,
            "bar_id": "b1",
            "state": standings.BarState.Value(f"BAR_STATE_{state}"),
            "ground": "fraud",
            "article": "GD 第二十二条",
            "from": "2025-01-01",
            "until": "2028-01-01",
            "reason": "弄虚作假",
        }
        await self.event("registry.standings", unit_id, standings.BarChanged(**fields))

    # --- looking ------------------------------------------------------------------------------------------------------

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.intake.database.reading() as session:
            return list(await session.execute(text(query), values))

    async def until(self, query: str) -> None:
        """Look again and again until the query finds something."""
        while not await self.rows(query):  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.01)

    async def published(self, key: str) -> list[tuple[int, str, Message]]:
        """What stands in the journal for a key: number, type, message."""
        import gf_proto

        found = await self.rows(
            "select number, message_type, payload from journal where key = :key order by number", key=key
        )
        decoded = []
        for number, name, payload in found:
            kind = gf_proto.message_type(name)
            assert kind is not None
            decoded.append((number, name.rpartition(".")[2], kind.FromString(payload)))
        return decoded

    def pass_time(self, by: timedelta) -> None:
        self.intake.runtime.clock.set_offset(self.intake.runtime.clock.offset + by)


def as_id(text_: str) -> UUID:
    return UUID(text_)
