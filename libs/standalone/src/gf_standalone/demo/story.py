"""The demo's story: five factories on their way to the national list, and a sixth that waits for a person.

Everything goes through the public APIs with the tokens of demo accounts. Each step is remembered when it is done,
and each act looks before it acts: a start after a kill goes on where the story stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from time import monotonic
from typing import Any

import httpx

from gf_standalone.demo import data
from gf_standalone.demo.acts import Applicant, Desk, Registrar, Steward
from gf_standalone.demo.beside import Beside
from gf_standalone.demo.client import LIMITS, PATIENCE, Client, Refused
from gf_standalone.demo.narrator import Narrator
from gf_standalone.timepiece import SHANGHAI, DemoClock

NAME = "2025年度绿色工厂、绿色工业园区推荐"
POLICY = "national/2025/n25"
YEAR = 2025
NATIONAL = "national:miit:factory"
CITY_LISTS = {"gz": "city:gd.guangzhou:factory", "fs": "city:gd.foshan:factory"}
#: The windows are over once the clock was moved past the publicity; the sixth is decided later.
EXTENDED_UNTIL = date(2026, 5, 31)
EXTENSION = "关于延长2025年度推荐审核时间的通知（演示）"

#: The units that reach the national list.
ROUTES = ("cq", "gz", "fs", "sz", "cnbm")
#: Days on which something happens, and which authority then sends which units on, level by level.
APPLIED = date(2025, 10, 22)
LEVELS = (
    (date(2025, 10, 24), (("yubei", ("cq",)), ("huangpu", ("gz",)))),
    (date(2025, 10, 28), (("gz", ("gz",)), ("fs", ("fs",)), ("sz", ("sz",)))),
    (date(2025, 11, 4), (("cq", ("cq",)), ("gd", ("gz", "fs")), ("cnbm", ("cnbm",)))),
)
MINISTRY = date(2025, 11, 17)
DESKS = {
    "yubei": "渝北区经信委",
    "cq": "重庆市经信委",
    "huangpu": "黄埔区工信局",
    "gz": "广州市工信局",
    "fs": "佛山市工信局",
    "gd": "广东省工信厅",
    "sz": "深圳市工信局",
    "cnbm": "中国建材集团",
    "miit": "工业和信息化部",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody in the story."""

    http: httpx.AsyncClient

    def client(self, account: str) -> Client:
        return Client(self.http, account)

    def desk(self, name: str) -> Desk:
        return Desk(self.client(f"{name}-review"), self.client(f"{name}-approve"))

    def registrar(self, name: str) -> Registrar:
        return Registrar(self.client(f"{name}-lists"))

    def steward(self, name: str) -> Steward:
        return Steward(self.client(f"{name}-lists"))

    def applicant(self, name: str) -> Applicant:
        unit = data.units()[name]
        return Applicant(self.client(unit["account"]), unit)


async def tell(base_url: str, clock: DemoClock, narrator: Narrator) -> None:
    if narrator.is_done:
        return
    async with httpx.AsyncClient(base_url=base_url, timeout=60, limits=LIMITS) as http:
        story = Story(Cast(http), clock, narrator)
        await story.prologue()
        await asyncio.gather(story.applications(), Beside(story.cast.client, narrator).tell(story.campaign))
        await story.step("windows", "延长审核时间，使等待审核的申报以后还可以办理", story.extend)
        for day, sent in LEVELS:
            await story.morning_of(day)
            await asyncio.gather(*(story.level(desk, names) for desk, names in sent))
        await story.ministry()
        await story.lists()
    narrator.finish()


class Story:
    def __init__(self, cast: Cast, clock: DemoClock, narrator: Narrator) -> None:
        self.cast = cast
        self.clock = clock
        self.step = narrator.step
        self.campaign = ""
        self.units: dict[str, str] = {}
        self.cases: dict[str, str] = {}

    async def prologue(self) -> None:
        """Lists that existed before, the campaign, the benchmark values."""
        await asyncio.gather(*(self._import(listed) for listed in data.lists()))
        steward = self.cast.steward("miit")
        self.campaign = await self.step(
            "campaign", f"工业和信息化部开始受理：{NAME}", _later(steward.open_campaign, NAME, YEAR, POLICY)
        )
        await self.step(
            "benchmarks",
            "工业和信息化部发布演示用引领值、基准值（非官方数据）",
            _later(steward.publish_benchmarks, self.campaign, data.benchmarks()),
        )

    async def _import(self, listed: dict[str, Any]) -> None:
        registrar = Registrar(self.cast.client(listed["account"]))
        line = f"导入既有名单：{listed['document']}，{len(listed['entries'])} 家"
        await self.step(f"import:{listed['list_id']}", line, _later(registrar.import_list, listed))

    async def applications(self) -> None:
        """Six enterprises register; two days later they apply."""
        await asyncio.gather(*(self._register(name) for name in data.units()))
        await self.morning_of(APPLIED)
        await asyncio.gather(*(self._apply(name) for name in data.units()))

    async def _register(self, name: str) -> None:
        applicant = self.cast.applicant(name)
        line = f"{applicant.unit['name']} 注册"
        self.units[name] = await self.step(f"unit:{name}", line, applicant.register)

    async def _apply(self, name: str) -> None:
        applicant = self.cast.applicant(name)
        line = f"{applicant.unit['name']} 自评价并上报"
        work = _later(_apply, applicant, self.units[name], self.campaign)
        self.cases[name] = await self.step(f"apply:{name}", line, work)

    async def level(self, desk: str, names: Sequence[str]) -> None:
        """One authority's word on the units: records, batch, document, sent on; a city proposes its own list."""
        office = self.cast.desk(desk)
        for name in names:
            await self.step(
                f"review:{desk}:{name}",
                f"{DESKS[desk]} 审核 {data.units()[name]['name']}（核查意见、定性评分、征求意见）",
                _later(_prepare, office, self.cases[name]),
            )
        await self.step(
            f"send:{desk}",
            f"{DESKS[desk]} 随批上报：{'、'.join(data.units()[name]['name'] for name in names)}",
            _later(office.recommend, [self.cases[name] for name in names], self.campaign, f"{DESKS[desk]}推荐批次"),
        )
        if desk in CITY_LISTS:
            await self.step(
                f"city:{desk}",
                f"{DESKS[desk]} 公示拟列入市级名单的 {data.units()[desk]['name']}",
                _later(self._publish, desk, self.cases[desk]),
            )

    async def morning_of(self, day: date) -> None:
        """The clock goes on to nine in the morning, unless somebody moved it further by hand."""
        morning = datetime.combine(day, time(9), SHANGHAI)
        if morning > self.clock.now():
            self.clock.move_to(morning)

    async def ministry(self) -> None:
        await self.morning_of(MINISTRY)
        await asyncio.gather(*(self._ministry_decides(name) for name in ROUTES))
        until = await self.step(
            "publicity", "工业和信息化部公示拟列入国家名单的五家工厂", _later(self._publish, "miit", self.cases["cq"])
        )
        await self.step(
            "clock",
            "演示时钟调到公示期满之后（公示期内无异议）",
            _later(self._pass_time, datetime.fromisoformat(until)),
        )

    async def _ministry_decides(self, name: str) -> None:
        line = f"工业和信息化部审定 {data.units()[name]['name']}"
        work = _later(_pass, self.cast.desk("miit"), self.cases[name])
        await self.step(f"review:miit:{name}", line, work)

    async def lists(self) -> None:
        for name, list_id in CITY_LISTS.items():
            registrar = self.cast.registrar(name)
            line = f"{DESKS[name]} 公布市级名单：{data.units()[name]['name']}"
            await self.step(f"list:{name}", line, _later(_edition, registrar, list_id, 1))
        await self.step(
            "list:national",
            "工业和信息化部公布 2025 年度国家绿色工厂名单：五家全部列入",
            _later(_edition, self.cast.registrar("miit"), NATIONAL, len(ROUTES)),
        )
        waiting = data.units()["sixth"]["name"]
        await self.step("sixth", f"{waiting} 在渝北区经信委等待审核：请登录审核工作台办理", _nothing)

    async def _publish(self, desk: str, submission_id: str) -> str:
        return str((await self.cast.desk(desk).publish(submission_id))["until"])

    async def extend(self) -> None:
        """Who set a date may extend it: the ministry its own, Chongqing its earlier one."""
        for act in ("submit", "decide:county", "decide:city", "decide:province", "decide:group"):
            await self.cast.steward("miit").extend(self.campaign, act, EXTENDED_UNTIL, EXTENSION)
        for act in ("submit", "decide:county"):
            await self.cast.steward("cq").extend(self.campaign, act, EXTENDED_UNTIL, EXTENSION)

    async def _pass_time(self, until: datetime) -> str:
        """To the morning after the last day (`until` is the first instant after it)."""
        await self.morning_of(until.astimezone(SHANGHAI).date())
        return self.clock.now().isoformat()


def _later(act: Any, *arguments: Any) -> Any:
    async def work() -> Any:
        return await act(*arguments)

    return work


async def _nothing() -> None:
    return None


async def _prepare(office: Desk, submission_id: str) -> None:
    await office.prepare(submission_id)


async def _pass(office: Desk, submission_id: str) -> None:
    """The last level decides case by case. Done again after a kill, the case is there no more to be decided."""
    case = await office.reviewer.get(f"/review/v1/cases/{submission_id}")
    if case["stages"][-1]["state"] == "passed":
        return
    await office.prepare(submission_id)
    await office.decide(submission_id, "pass", reason="审定通过")


async def _edition(registrar: Registrar, list_id: str, expects: int) -> None:
    """Already published before a kill, nothing is pending any more."""
    document = "关于公布2025年度绿色工厂名单的通知（演示）"
    try:
        done = (await registrar.client.get(f"/registry/v1/public/lists/{list_id}/editions"))["items"]
    except Refused as refused:
        if refused.status != 404:
            raise
        done = []
    if not any(one["document"] == document for one in done):
        await registrar.publish_edition(list_id, year=YEAR, document=document, expects=expects)


async def _apply(applicant: Applicant, unit_id: str, campaign_id: str) -> str:
    """Chongqing takes only units of its list: intake hears of the imported membership a moment later."""
    end = monotonic() + PATIENCE
    while True:
        try:
            return await applicant.apply(unit_id, campaign_id)
        except Refused as refused:
            if refused.problem.get("rule") != "CQ-pre" or monotonic() > end:
                raise
        await asyncio.sleep(0.3)
