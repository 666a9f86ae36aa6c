"""The API: problem documents, versions, idempotency, scope."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.review.tests.builders import CITY, COUNTY, MINISTRY, PROVINCE, ChecklistItem, Department, guard, route
from services.review.tests.world import CAMPAIGN, PDF, FakePolicies, World, bearer

pytestmark = pytest.mark.db
MakeWorld = Callable[..., Awaitable[World]]
V1 = "/review/v1"


def full_route() -> Any:
    return route(
        guard("checklist"),
        guard("sheet", not_scorable="refuse"),
        guard("marks"),
        guard("consultations"),
        guard("recommendation_document"),
        guard("below_average_reason"),
        guard("expert_review", optional=True),
        checklist=(ChecklistItem("authenticity", "真实性"),),
        consults=(Department("ecology", "生态环境部门"),),
    )


@pytest.mark.rule("CQ-1st", "GD-13-consult", "CQ-doc", "N25-avg", "GD-13-expert", "DM-state")
async def test_a_level_from_the_first_finding_to_the_decision(make_world: MakeWorld) -> None:
    """Every guard of a level is met over the API, then it passes."""
    world = await make_world(FakePolicies({COUNTY: full_route()}))
    one = await world.admit()
    await world.score(one)
    await world.average(PROVINCE, "85")
    base = f"{V1}/cases/{one}"
    async with world.http() as http:
        http.headers.update(bearer(COUNTY))
        case = await http.get(base)
        assert [item["code"] for item in case.json()["mine"]["missing"]] == [
            "checklist",
            "marks",
            "consultations",
            "recommendation_document",
            "below_average_reason",
        ]
        tag = case.headers["ETag"]

        async def act(path: str, body: dict[str, Any] | None = None, **more: Any) -> Any:
            nonlocal tag
            answer = await http.post(f"{base}/stages/1/{path}", json=body, headers={"If-Match": tag}, **more)
            if answer.is_success:
                tag = answer.headers["ETag"]
            return answer

        refused = await act("pass", {})
        assert refused.status_code == 422
        problem = refused.json()
        assert refused.headers["content-type"].startswith("application/problem+json")
        assert [one["code"] for one in problem["errors"]][:2] == ["checklist", "marks"]
        assert (problem["rule"], problem["article"]) == ("rule-checklist", "article-checklist")

        assert (await act("findings", {"findings": [{"item": "authenticity", "ok": True}]})).status_code == 200
        marks = {"marks": [{"indicator": "green_design", "points": "6", "reason": "有报告"}]}
        assert (await act("marks", marks)).headers["Event-Position"].startswith(f"review.cases/{one}/")
        await world.score(one, 2, marks="6")
        tag = (await http.get(base)).headers["ETag"]
        asked = {"department": "ecology", "asked_on": "2025-10-16"}
        assert (await act("consultations", asked)).status_code == 200
        answered = {"answered_on": "2025-10-17", "agrees": True, "opinion": "无意见"}
        assert (await act("consultations/ecology/answer", answered)).status_code == 200
        assert (await act("reasons", {"kind": "below_average", "text": "重点培育"})).status_code == 200
        assert (await act("expert-review", {"state": "done", "grade": "B"})).status_code == 200
        uploaded = await http.post(
            f"{base}/stages/1/documents?name=推荐函.pdf",
            content=PDF,
            headers={"If-Match": tag, "Content-Type": "application/pdf"},
        )
        assert uploaded.status_code == 200, uploaded.text
        tag = uploaded.headers["ETag"]
        passed = await act("pass", {"reason": "同意推荐"})
        assert passed.status_code == 200, passed.text
        after = (await http.get(base)).json()
        assert after["stages"][0]["state"] == "passed"
        assert "recommendation_document_uploaded" in after["stages"][0]["substates"]
        assert "expert_review_done" in after["stages"][0]["substates"]
        document = after["records"]["documents"][0]
        loaded = await http.get(f"{V1}/documents/{document['id']}")
        assert loaded.content == PDF
        assert [line["what"] for line in after["history"]][-1] == "passed"


class TestVersions:
    async def test_a_decision_names_what_it_saw(self, world: World) -> None:
        one = await world.admit()
        async with world.http() as http:
            http.headers.update(bearer(COUNTY))
            path = f"{V1}/cases/{one}/stages/1/pass"
            assert (await http.post(path, json={})).status_code == 428
            for stale in ('"0-0"', '"1-1"', '"7"', '"x-y"'):
                assert (await http.post(path, json={}, headers={"If-Match": stale})).status_code == 412
            assert (await http.post(path, json={}, headers={"If-Match": '"1-0"'})).status_code == 200
            late = await http.post(path, json={}, headers={"If-Match": '"1-0"'})
            assert late.status_code == 412
            assert [error["pointer"] for error in late.json()["errors"]] == ["/version"]
            out_of_order = await http.post(path, json={}, headers={"If-Match": '"2-0"'})
            assert out_of_order.status_code == 409
            assert out_of_order.json()["code"] == "illegal_transition"

    async def test_equal_requests_with_one_key_have_one_effect(self, world: World) -> None:
        one = await world.admit()
        async with world.http() as http:
            http.headers.update(bearer(COUNTY) | {"If-Match": '"1-0"', "Idempotency-Key": "pass-once-0001"})
            path = f"{V1}/cases/{one}/stages/1/pass"
            answers = await asyncio.gather(*(http.post(path, json={"reason": "同意"}) for _ in range(50)))
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.text for answer in answers}) == 1
            assert len({answer.headers["Event-Position"] for answer in answers}) == 1
            other = await http.post(path, json={"reason": "另一个"})
            assert other.status_code == 422
            assert other.json()["code"] == "idempotency_key_reused"
        assert await world.one("select count(*) from decision") == 1


class TestScope:
    """A matrix: who may read and do what. What is someone else's answers 404 and nothing more."""

    READERS = (COUNTY, CITY, PROVINCE, MINISTRY)
    STRANGERS = ("cq", "cq.yubei", "gd.foshan", "gd.guangzhou.nansha", "shenzhen", "group.cnbm")

    @pytest.mark.rule("DM-route", "DM-route-plan", "used-by")
    async def test_reading(self, world: World) -> None:
        one = await world.admit()
        async with world.http() as http:
            for authority in self.READERS:
                answer = await http.get(f"{V1}/cases/{one}", headers=bearer(authority))
                assert answer.status_code == 200, authority
                queue = (await http.get(f"{V1}/cases?view=all", headers=bearer(authority))).json()
                assert (len(queue["items"]), queue["counts"]["all"]) == (1, 1)
            for authority in self.STRANGERS:
                answer = await http.get(f"{V1}/cases/{one}", headers=bearer(authority))
                assert answer.status_code == 404, authority
                assert answer.json()["code"] == "not_found"
                queue = (await http.get(f"{V1}/cases?view=all", headers=bearer(authority))).json()
                assert queue["items"] == []
                assert set(queue["counts"].values()) == {0}

    async def test_every_act_of_a_stranger_is_404(self, world: World) -> None:
        one = await world.admit()
        bodies: dict[str, dict[str, Any]] = {
            "findings": {"findings": [{"pointer": "/values/a", "ok": True}]},
            "marks": {"marks": [{"indicator": "green_design", "points": "1", "reason": "r"}]},
            "consultations": {"department": "ecology", "asked_on": "2025-10-16"},
            "consultations/ecology/answer": {"answered_on": "2025-10-17", "agrees": True},
            "expert-review": {"state": "unassigned"},
            "reasons": {"kind": "below_average", "text": "t"},
            "pass": {},
            "return": {"reason": "r", "findings": [{"pointer": "/values/a", "ok": False, "note": "n"}]},
            "refuse": {"reason": "r", "article": "a"},
            "cancel": {"reason": "r", "article": "a"},
        }
        async with world.http() as http:
            for authority in (*self.STRANGERS, CITY):
                for act, body in bodies.items():
                    answer = await http.post(
                        f"{V1}/cases/{one}/stages/1/{act}", json=body, headers=bearer(authority) | {"If-Match": '"1-0"'}
                    )
                    assert answer.status_code == 404, (authority, act)
        assert await world.one("select count(*) from journal") == 1

    async def test_roles(self, world: World) -> None:
        one = await world.admit()
        async with world.http() as http:
            reviewer = bearer(COUNTY, "reviewer")
            decision = await http.post(
                f"{V1}/cases/{one}/stages/1/pass", json={}, headers=reviewer | {"If-Match": '"1-0"'}
            )
            assert decision.status_code == 403
            finding = {"findings": [{"pointer": "/values/a", "ok": True}]}
            noted = await http.post(
                f"{V1}/cases/{one}/stages/1/findings", json=finding, headers=reviewer | {"If-Match": '"1-0"'}
            )
            assert noted.status_code == 200
            for roles in ("applicant", "registrar", "ops"):
                assert (await http.get(f"{V1}/cases", headers=bearer(COUNTY, roles))).status_code == 403
            assert (await http.get(f"{V1}/cases")).status_code == 401

    async def test_documents_follow_the_case(self, world: World) -> None:
        one = await world.admit()
        async with world.http() as http:
            headers = bearer(COUNTY) | {"If-Match": '"1-0"'}
            await http.post(f"{V1}/cases/{one}/stages/1/documents?name=a.pdf", content=PDF, headers=headers)
            found = (await http.get(f"{V1}/cases/{one}", headers=bearer(CITY))).json()["records"]["documents"][0]
            assert (await http.get(f"{V1}/documents/{found['id']}", headers=bearer(CITY))).status_code == 200
            for authority in self.STRANGERS:
                answer = await http.get(f"{V1}/documents/{found['id']}", headers=bearer(authority))
                assert answer.status_code == 404


class TestBadInput:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"marks": [{"indicator": "green_design", "points": NaN, "reason": "r"}]}',
            b'{"marks": [{"indicator": "green_design", "points": "1e999999", "reason": "r"}]}',
            b'{"marks": [{"indicator": "green_design", "points": 1e999999, "reason": "r"}]}',
            '{"marks": [{"indicator": "green_design", "points": "６", "reason": "r"}]}'.encode(),
            b'{"marks": [{"indicator": "green_design", "points": "6", "reason": "a\\u0000b"}]}',
            b'{"marks": [{"indicator": "green_design", "points": "6", "reason": "\\ud800"}]}',
            b'{"marks": [{"indicator": "green_design", "points": "6", "reason": "r", "who": "me"}]}',
            b'{"marks": [{"indicator": "nothing", "points": "6", "reason": "r"}]}',
            b'{"marks": [{"indicator": "green_design", "points": "9", "reason": "r"}]}',
            b'{"marks": []}',
        ],
    )
    async def test_is_a_clear_refusal_and_nothing_is_stored(self, world: World, body: bytes) -> None:
        one = await world.admit()
        await world.score(one)
        async with world.http() as http:
            answer = await http.post(
                f"{V1}/cases/{one}/stages/1/marks",
                content=body,
                headers=bearer(COUNTY) | {"If-Match": '"1-1"', "Content-Type": "application/json"},
            )
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["errors"], answer.text
        assert await world.one("select count(*) from mark") == 0

    @pytest.mark.parametrize("content", [b"", b"MZ\x90\x00not a document", b"<html></html>", b"PK\x03\x04zip"])
    async def test_documents_of_other_types(self, world: World, content: bytes) -> None:
        one = await world.admit()
        async with world.http() as http:
            headers = bearer(COUNTY) | {"If-Match": '"1-0"'}
            answer = await http.post(
                f"{V1}/cases/{one}/stages/1/documents?name=a.pdf", content=content, headers=headers
            )
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/file"

    @pytest.mark.parametrize(
        "path", ["/cases/nope", "/cases/0199a000-0000-7000-8000-00000000dead", "/cases?cursor=zzz", "/cases?limit=0"]
    )
    async def test_addresses(self, world: World, path: str) -> None:
        async with world.http() as http:
            answer = await http.get(V1 + path, headers=bearer(COUNTY))
        assert answer.status_code in (404, 422)


async def test_queue_pages_filters_and_counts(world: World) -> None:
    ids = [await world.admit(name=f"企业{n}", key_industry="cement" if n % 2 else "") for n in range(5)]
    async with world.http() as http:
        http.headers.update(bearer(COUNTY))
        first = (await http.get(f"{V1}/cases?limit=2")).json()
        second = (await http.get(f"{V1}/cases?limit=2&cursor={first['next']}")).json()
        third = (await http.get(f"{V1}/cases?limit=2&cursor={second['next']}")).json()
        found = [item["submission_id"] for page in (first, second, third) for item in page["items"]]
        assert sorted(found) == sorted(ids)
        assert len(found) == 5
        assert third["next"] is None
        assert first["counts"] == {"to_do": 5, "waiting": 0, "passed": 0, "returned": 0, "closed": 0, "all": 5}
        flagged = (await http.get(f"{V1}/cases?key_industry=true")).json()
        assert len(flagged["items"]) == flagged["counts"]["to_do"] == 2
        named = (await http.get(f"{V1}/cases", params={"q": "企业3"})).json()
        assert [item["unit_name"] for item in named["items"]] == ["企业3"]
        assert (await http.get(f"{V1}/cases", params={"q": "%%"})).json()["items"] == []
        http.headers.update(bearer(CITY))
        assert (await http.get(f"{V1}/cases?view=waiting")).json()["counts"]["waiting"] == 5


@pytest.mark.rule("CQ-doc")
async def test_a_batch_over_the_api(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("recommendation_document"), guard("batch"))}))
    one = await world.admit(name="=危险公式公司")
    async with world.http() as http:
        http.headers.update(bearer(COUNTY))
        body = {"campaign_id": CAMPAIGN, "category": "factory", "title": "第一批"}
        started = await http.post(f"{V1}/recommendations", json=body, headers={"Idempotency-Key": "batch-0001"})
        again = await http.post(f"{V1}/recommendations", json=body, headers={"Idempotency-Key": "batch-0001"})
        assert started.status_code == 201
        assert started.json() == again.json()
        base = f"{V1}/recommendations/{started.json()['recommendation_id']}"
        tag = started.headers["ETag"]

        async def act(path: str, **more: Any) -> Any:
            nonlocal tag
            answer = await http.post(f"{base}/{path}", headers={"If-Match": tag}, **more)
            assert answer.is_success, answer.text
            tag = answer.headers["ETag"]
            return answer

        await act("cases", json={"submission_id": one})
        early = await http.post(f"{base}/seal", headers={"If-Match": tag})
        assert early.status_code == 422
        await act("document?name=a.pdf", content=PDF)
        await act("seal")
        summary = await http.get(f"{base}/summary.csv")
        assert "'=危险公式公司" in summary.content.decode("utf-8-sig")
        sent = await act("send", json={})
        assert f"review.cases/{one}/2" in sent.headers["Event-Position"]
        assert (await http.get(base)).json()["state"] == "sent"


@pytest.mark.rule("GD-13-publicity")
async def test_public_data_needs_no_sign_in(world: World) -> None:
    async with world.http() as http:
        answer = await http.get(f"{V1}/public/publicities")
        assert answer.json() == {"items": [], "next": None}
        assert (await http.get(f"{V1}/publicities")).status_code == 401
