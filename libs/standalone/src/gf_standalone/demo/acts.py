"""What people do in the story, through the public APIs. Each act looks first, so it can be done again after a kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gf_standalone.demo import data
from gf_standalone.demo.client import PATIENCE, Client, Refused
from gf_standalone.timepiece import SHANGHAI

Json = dict[str, Any]
#: What a batch brings along: not prepared case by case.
WITH_THE_BATCH = {"batch", "recommendation_document"}
#: How often a person looks again before giving up.
_LOOKS = 10
CATEGORY, KIND = "factory", "application"


class Stuck(Exception):
    """The story cannot go on: somebody's condition is not met and nobody in the story can meet it."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """An enterprise (申报单位) and the person who fills its form."""

    client: Client
    unit: Json

    @property
    def category(self) -> str:
        return str(self.unit.get("category", CATEGORY))

    async def register(self) -> str:
        """注册: found again by its 统一社会信用代码."""
        found = await self.client.get("/intake/v1/units", uscc=self.unit["uscc"], category=self.category)
        for item in found["items"]:
            return str(item["id"])
        body = {
            "category": self.category,
            "name": self.unit["name"],
            "uscc": self.unit["uscc"],
            "industries": self.unit["industries"],
            "key_industry": self.unit.get("key_industry"),
            "region": self.unit["region"],
            "superior": self.unit["superior"],
            "group": self.unit.get("group"),
        }
        return str((await self.client.post("/intake/v1/units", body))["id"])

    async def apply(self, unit_id: str, campaign_id: str) -> str:
        """填写、验证、上传佐证和盖章扫描件、上报; the submission's id."""
        submission = await self.draft(unit_id, campaign_id)
        if submission["state"] in ("draft", "verified"):
            await self.fill(submission["id"])
            await self.submit(submission["id"])
        return str(submission["id"])

    async def draft(self, unit_id: str, campaign_id: str) -> Json:
        for item in (await self.client.get("/intake/v1/submissions"))["items"]:
            if (item["unit_id"], item["campaign_id"], item["kind"]) == (unit_id, campaign_id, KIND):
                return dict(item)
        body = {"unit_id": unit_id, "campaign_id": campaign_id, "kind": KIND}
        return dict(await self.client.post("/intake/v1/submissions", body))

    async def fill(self, submission_id: str, content: Json | None = None) -> None:
        """验证并保存, then the evidence that the values ask for."""
        path = f"/intake/v1/submissions/{submission_id}"
        now = await self.client.get(path)
        body = content or data.content(self.unit)
        await self.client.post(f"{path}/verify", body, match=etag(now["version"]))
        for slot in self.unit.get("evidence", data.EVIDENCE):
            await self.attach(submission_id, slot)

    async def attach(self, submission_id: str, slot: str) -> None:
        await self.client.send(
            "PUT",
            f"/intake/v1/evidence/submissions/{submission_id}/{slot}",
            content=data.pdf(f"GreenLadder demo: {slot} {self.unit['uscc']}"),
            params={"name": f"{slot}.pdf"},
            headers={"Content-Type": "application/pdf"},
        )

    async def submit(self, submission_id: str) -> Json:
        """上报: the scan of the sealed form belongs to exactly this content."""
        await self.attach(submission_id, "sealed_scan")
        path = f"/intake/v1/submissions/{submission_id}"
        now = await self.client.get(path)
        return dict(await self.client.post(f"{path}/submit", match=etag(now["version"])))

    async def scored(self, submission_id: str) -> Json:
        """The first score sheet, as soon as it is there."""
        path = f"/scoring/v1/sheets/{submission_id}"
        return dict(await self.client.until(path, lambda found: bool(found["items"]), what="a score sheet is drawn up"))

    async def see(self, submission_id: str) -> Json:
        return dict(await self.client.get(f"/intake/v1/submissions/{submission_id}"))


def etag(version: object) -> str:
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class Desk:
    """An authority (主管部门): the reviewer puts on record, the approver decides."""

    reviewer: Client
    approver: Client

    async def case(self, submission_id: str, *, seconds: float = PATIENCE) -> Json:
        """The case as soon as it lies on this desk to be decided."""
        return dict(
            await self.reviewer.until(
                f"/review/v1/cases/{submission_id}",
                lambda case: bool(case["mine"] and case["mine"]["active"]),
                what="the case comes to the desk",
                seconds=seconds,
            )
        )

    async def prepare(self, submission_id: str, *, share: str = "0.9", seconds: float = PATIENCE) -> Json:
        """Meet every condition that can be met on record: findings, marks, consultations, reasons."""
        case = await self.case(submission_id, seconds=seconds)
        end = time.monotonic() + seconds
        while True:
            missing = {one["code"]: one["detail"] for one in case["mine"]["missing"]}
            todo = [code for code in missing if code not in WITH_THE_BATCH]
            if not todo:
                return case
            if time.monotonic() > end:
                raise Stuck(f"{submission_id}: {'；'.join(missing.values())}")
            try:
                done = await self._meet(case, todo, share)
            except Refused as refused:
                # The sheet came in between: look again.
                done = refused.status == 412
                if not done:
                    raise
            if not done:
                await asyncio.sleep(0.1)
            case = await self.case(submission_id, seconds=seconds)

    async def _meet(self, case: Json, todo: Sequence[str], share: str) -> bool:
        """The first condition that an act can meet; False when only waiting helps."""
        mine = case["mine"]
        if "checklist" in todo:
            findings = [{"item": one["code"], "ok": True, "note": "已核对，情况属实。"} for one in mine["checklist"]]
            return await self._record(case, "findings", {"findings": findings})
        if "marks" in todo and (marks := _marks(case, share)):
            return await self._record(case, "marks", {"marks": marks, "reason": "依据佐证材料评定"})
        if "consultations" in todo:
            return await self._consult(case)
        if "expert_review" in todo:
            return await self._record(case, "expert-review", {"state": "done", "grade": "A", "note": "专家组意见一致"})
        for code, kind in (("below_average_reason", "below_average"), ("list_reason", "list_missing")):
            if code in todo:
                text = "该单位能源低碳化水平突出，近年改造成效明显，建议推荐。"
                return await self._record(case, "reasons", {"kind": kind, "text": text})
        return False

    async def _consult(self, case: Json) -> bool:
        """征求意见 of each department, then its answer."""
        today = _today(case)
        for one in case["mine"]["consults"]:
            if one["asked_on"] is None:
                return await self._record(case, "consultations", {"department": one["code"], "asked_on": today})
            if one["answered_on"] is None:
                body = {"answered_on": today, "agrees": True, "opinion": "近三年未发现违法违规行为，无不同意见。"}
                return await self._record(case, f"consultations/{one['code']}/answer", body)
        return False

    async def _record(self, case: Json, what: str, body: Json) -> bool:
        path = f"/review/v1/cases/{case['submission_id']}/stages/{case['mine']['stage_no']}/{what}"
        await self.reviewer.post(path, body, match=etag(case["etag"]))
        return True

    async def recommend(self, submission_ids: Sequence[str], campaign_id: str, title: str) -> str:
        """成批推荐: batch, recommendation document, sealed and sent by the approver."""
        batch = await self._batch(campaign_id, title)
        path = f"/review/v1/recommendations/{batch['recommendation_id']}"
        if batch["state"] == "collecting":
            have = {one["submission_id"] for one in (await self.reviewer.get(path))["items"]}
            for submission_id in submission_ids:
                if submission_id not in have:
                    body = {"submission_id": submission_id}
                    batch = await self.reviewer.post(f"{path}/cases", body, match=etag(batch["etag"]))
            batch = await self._attach(path, batch)
            batch = await self.approver.post(f"{path}/seal", match=etag(batch["etag"]))
        if batch["state"] == "sealed":
            batch = await self.approver.post(f"{path}/send", {"reason": "同意推荐"}, match=etag(batch["etag"]))
        return str(batch["recommendation_id"])

    async def _batch(self, campaign_id: str, title: str) -> Json:
        for item in (await self.reviewer.get("/review/v1/recommendations"))["items"]:
            if (item["campaign_id"], item["title"]) == (campaign_id, title) and item["state"] != "dissolved":
                return dict(item)
        body = {"campaign_id": campaign_id, "category": CATEGORY, "kind": KIND, "title": title}
        return dict(await self.reviewer.post("/review/v1/recommendations", body))

    async def _attach(self, path: str, batch: Json) -> Json:
        answer = await self.reviewer.send(
            "POST",
            f"{path}/document",
            params={"name": "推荐文件.pdf"},
            content=data.pdf("GreenLadder demo: recommendation"),
            headers={"Content-Type": "application/pdf"},
            match=etag(batch["etag"]),
        )
        return dict(answer.json())

    async def decide(self, submission_id: str, act: str, **body: Any) -> Json:
        """pass, return, refuse or cancel on this level's stage. What changed meanwhile is looked at again."""
        for _ in range(_LOOKS):
            case = await self.case(submission_id)
            path = f"/review/v1/cases/{submission_id}/stages/{case['mine']['stage_no']}/{act}"
            try:
                return dict(await self.approver.post(path, body, match=etag(case["etag"])))
            except Refused as refused:
                if refused.status != 412:
                    raise
        raise Stuck(f"{submission_id} changes all the time")

    async def publicity(self, submission_id: str, *, seconds: float = PATIENCE) -> Json:
        """The publicity in which the unit stands."""
        page = await self.approver.until(
            "/review/v1/publicities",
            lambda found: bool(found["items"]),
            what="the unit is proposed for a list",
            seconds=seconds,
            submission_id=submission_id,
        )
        return dict(page["items"][0])

    async def publish(self, submission_id: str) -> Json:
        """公示 of the proposed list; returns it with its end."""
        found = await self.publicity(submission_id)
        path = f"/review/v1/publicities/{found['publicity_id']}"
        if found["state"] == "drafted":
            await self.approver.post(f"{path}/open", match=etag(found["etag"]))
        return dict(await self.approver.get(path))


def _marks(case: Json, share: str) -> list[Json]:
    """Points for the qualitative lines that wait for them, in half points."""
    given = {one["indicator"] for one in case["records"]["marks"]}
    marks = []
    for line in case["sheet"]["lines"] if case["sheet"] else []:
        if line["state"] == "awaits_mark" and line["indicator"] not in given:
            points = (Decimal(line["weight"]) * Decimal(share) * 2).to_integral_value() / 2
            marks.append(
                {"indicator": line["indicator"], "points": str(points), "reason": "佐证材料齐全，水平较先进。"}
            )
    return marks


def _today(case: Json) -> str:
    """A date that every clock of the story has reached: the day the case was admitted."""
    return datetime.fromisoformat(case["admitted_at"]).astimezone(SHANGHAI).date().isoformat()


@dataclass(frozen=True, slots=True)
class Registrar:
    """Keeps an authority's list (名单管理)."""

    client: Client

    async def import_list(self, listed: Json) -> str:
        """An existing list, as the edition it was."""
        list_id = listed["list_id"]
        try:
            for edition in (await self.client.get(f"/registry/v1/public/lists/{list_id}/editions"))["items"]:
                if edition["document"] == listed["document"]:
                    return str(edition.get("edition_id") or edition.get("id"))
        except Refused as refused:
            if refused.status != 404:
                raise
        body = {name: str(listed[name]) for name in ("effective", "document")}
        answer = await self.client.post(
            f"/registry/v1/lists/{list_id}/imports", {**body, "year": listed["year"], "entries": listed["entries"]}
        )
        return str(answer.get("edition_id") or answer.get("id"))

    async def publish_edition(
        self, list_id: str, *, year: int, document: str, expects: int, seconds: float = PATIENCE
    ) -> Json:
        """公布名单: when everything that was decided has arrived."""
        path = f"/registry/v1/lists/{list_id}"
        pending = await self.client.until(
            f"{path}/pending",
            lambda found: found["numbers"].get("listed", 0) >= expects,
            what="listings arrive at the registry",
            seconds=seconds,
        )
        draft = pending["draft"] or await self.client.post(f"{path}/editions", {"year": year, "document": document})
        now = (await self.client.send("GET", f"{path}/pending")).headers["etag"]
        edition = draft.get("edition_id") or draft["id"]
        return dict(await self.client.post(f"{path}/editions/{edition}/publish", match=now))

    async def listed(self, list_id: str) -> set[str]:
        """Names that stand on the list now."""
        names: set[str] = set()
        cursor: str | None = None
        while True:
            params = {"limit": 200, **({"cursor": cursor} if cursor else {})}
            page = await self.client.get(f"/registry/v1/lists/{list_id}", **params)
            names |= {item["name"] for item in page["items"]}
            cursor = page["next"]
            if cursor is None:
                return names


@dataclass(frozen=True, slots=True)
class Steward:
    """Organises a campaign (申报组织)."""

    client: Client

    async def open_campaign(
        self,
        name: str,
        year: int,
        policy: str,
        *,
        categories: Sequence[str] = ("factory", "park"),
        kinds: Sequence[str] = ("application", "benchmark"),
        renewal: str = "",
        until: date | None = None,
    ) -> str:
        """``renewal``, ``until``: the document that renews rules no longer in force, and the day it extends to."""
        campaign = await self._campaign(name)
        if campaign is None:
            body = {
                "name": name,
                "year": year,
                "policy": policy,
                "categories": list(categories),
                "kinds": list(kinds),
                "renewal_document": renewal,
            }
            campaign = dict(await self.client.post("/intake/v1/campaigns", body))
        if campaign["state"] == "announced":
            if until is not None:
                for act in ("submit", "decide:county", "decide:city", "decide:province", "decide:group"):
                    await self.extend(campaign["id"], act, until, renewal)
                campaign = await self._campaign(name) or campaign
            path = f"/intake/v1/campaigns/{campaign['id']}/open"
            await self.client.post(path, {}, match=etag(campaign["version"]))
        return str(campaign["id"])

    async def _campaign(self, name: str) -> Json | None:
        for one in (await self.client.get("/intake/v1/campaigns"))["items"]:
            if one["name"] == name:
                return dict(one)
        return None

    async def extend(self, campaign_id: str, act: str, until: date, document: str) -> None:
        """延期, on the record: the last day counts in full."""
        closes = datetime(until.year, until.month, until.day, tzinfo=SHANGHAI) + timedelta(days=1)
        body = {"act": act, "closes_at": closes.isoformat(), "document": document}
        path = f"/intake/v1/campaigns/{campaign_id}/dates"
        await self.client.post(path, body, key=f"extend-{campaign_id}-{act}-{until}")

    async def publish_benchmarks(self, campaign_id: str, given: Sequence[Json]) -> None:
        """录入并发布引领值、基准值, each set marked as a demonstration."""
        page = await self.client.get("/scoring/v1/benchmark-sets", campaign_id=campaign_id, limit=200)
        have = {one["title"]: one for one in page["items"] if one["state"] != "superseded"}
        for body in given:
            made = have.get(body["title"])
            if made is None:
                made = await self._create(campaign_id, body)
            if made["state"] == "draft":
                path = f"/scoring/v1/benchmark-sets/{made['id']}/publish"
                await self.client.post(path, match=etag(made["version"]))

    async def _create(self, campaign_id: str, body: Json) -> Json:
        """scoring may hear of the campaign a moment after intake opened it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return dict(await self.client.post("/scoring/v1/benchmark-sets", {"campaign_id": campaign_id, **body}))
            except Refused as refused:
                if refused.status not in (404, 409, 422) or time.monotonic() > end:
                    raise
            await asyncio.sleep(0.2)
