"""An authority's people at their desks: everything that a level asks for, done by clicking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.async_api import Locator

from gf_standalone.demo import data
from tests.browser.browsing import Visitor
from tests.e2e.season import Season

Come = Callable[..., Awaitable[Visitor]]
NOTE = "已核对原始凭证，情况属实。"


@dataclass
class Office:
    """The reviewer puts on record, the approver decides; each has a window."""

    name: str
    season: Season
    reviewer: Visitor
    approver: Visitor

    @classmethod
    async def of(cls, name: str, season: Season, come: Come) -> Office:
        return cls(name, season, await come(f"{name}-review"), await come(f"{name}-approve"))

    async def arrived(self, submission_id: str) -> Any:
        """The case, as soon as it lies on this desk."""
        return await self.season.desk(self.name).case(submission_id)

    async def review(self, submission_id: str, also: Sequence[str] = ()) -> None:
        """Every condition that can be met on record, and of those that are optional the named ones."""
        case = await self.arrived(submission_id)
        missing = {one["code"] for one in case["mine"]["missing"]} | set(also)
        me = self.reviewer
        await me.open(f"/review/ui/cases/{submission_id}")
        if "checklist" in missing:
            form = await me.opened("findings")
            for item in await form.locator('input[type=radio][name^="ok:"][value=yes]').all():
                await item.check()
            await me.send(form)
            await me.told("核查意见已保存")
        if "marks" in missing:
            await self._mark(submission_id)
        if "consultations" in missing:
            await self._consult()
        if "expert_review" in missing:
            form = await me.opened("expert")
            await form.locator("input[value=done]").check()
            await form.locator("select[name=grade]").select_option("A")
            await me.send(form)
        for code, kind in (("below_average_reason", "below_average"), ("list_reason", "list_missing")):
            if code in missing:
                form = await me.opened("reason")
                await form.locator(f'input[value="{kind}"]').check()
                await form.get_by_label("理由").fill("能源低碳化水平突出，近年改造成效明显，建议推荐。")
                await me.send(form)

    async def _mark(self, submission_id: str) -> None:
        me = self.reviewer
        form = await me.opened("marks")
        for points in await form.locator('input[name^="points:"]').all():
            most = Decimal(await points.get_attribute("max") or "0")
            await points.fill(str((most * Decimal("1.8")).to_integral_value() / 2))
        for reason in await form.locator('input[name^="reason:"]').all():
            await reason.fill("佐证材料齐全，水平较先进。")
        await me.send(form)
        await me.told("定性评分已保存")
        path = f"/review/v1/cases/{submission_id}"
        reviewer = self.season.house.speak(f"{self.name}-review")
        await reviewer.until(
            path, lambda case: "marks" not in {one["code"] for one in case["mine"]["missing"]}, what="the new sheet"
        )
        await me.page.reload()

    async def _consult(self) -> None:
        me = self.reviewer
        while await me.page.locator('form[action$="/consult"]').count():
            await me.send(await me.opened("consult"))
        while await me.page.locator('form[action$="/consult-answer"]').count():
            form = await me.opened("consult-answer")
            await form.get_by_label("同意", exact=True).check()
            await form.get_by_label("意见内容").fill("近三年未发现违法违规行为，无不同意见。")
            await me.send(form)
            await me.told("已登记部门答复")

    async def recommend(self, submission_ids: Sequence[str], title: str, folder: Path) -> None:
        """A batch: cases ticked, document uploaded by the reviewer; sealed and sent by the approver."""
        me = self.reviewer
        await me.open("/review/ui/batches")
        form = me.page.locator('form[action="/review/ui/batches"]')
        await form.get_by_label("批次名称").fill(title)
        await me.send(form)
        form = me.form("add")
        for one in submission_ids:
            await form.locator(f'input[value="{one}"]').check()
        await me.send(form)
        await me.told("已加入批次")
        await self._upload(me.form("document"), folder)
        await me.told("推荐文件已上传")
        address = me.page.url
        boss = self.approver
        await boss.page.goto(address)
        await boss.send(boss.form("seal"), confirm=True)
        await boss.told("批次已封存")
        await boss.send(boss.form("send"), confirm=True)
        await boss.told("批次已上报")

    async def _upload(self, form: Locator, folder: Path) -> None:
        file = folder / "推荐文件.pdf"
        file.write_bytes(data.pdf("GreenLadder demo: recommendation"))
        await form.locator("input[type=file]").set_input_files(file)
        await self.reviewer.send(form)

    async def decide(self, submission_id: str) -> None:
        """Passed case by case (the last level)."""
        boss = self.approver
        await boss.open(f"/review/ui/cases/{submission_id}")
        form = boss.form("pass")
        await form.get_by_label("审核意见").fill("审定通过。")
        await boss.send(form, confirm=True)
        await boss.told("已上报")

    async def publish(self, list_name: str) -> str:
        """公示 started by the approver; the address of its page."""
        boss = self.approver
        await boss.open("/review/ui/publicities")
        await boss.page.get_by_role("link", name=list_name).first.click()
        await boss.send(boss.form("open"), confirm=True)
        await boss.told("公示已开始")
        return boss.page.url
