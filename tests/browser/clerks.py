"""An authority's people at their desks: everything that a level asks for, done by clicking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from playwright.async_api import Locator

from gf_standalone.demo import data
from gf_standalone.demo.story import NAME
from tests.browser.browsing import PAUSE, Visitor

Come = Callable[..., Awaitable[Visitor]]
#: Conditions that are met later, by the batch; and the one that only waiting meets.
WITH_THE_BATCH = {"推荐文件", "推荐批次"}
SHEET = "评分表"
#: How often a reviewer looks again before giving up.
LOOKS = 100
QUEUE = "/review/ui/?sort=newest"


@dataclass
class Office:
    """The reviewer puts on record, the approver decides; each has a window."""

    name: str
    reviewer: Visitor
    approver: Visitor

    @classmethod
    async def of(cls, name: str, come: Come) -> Office:
        return cls(name, await come(f"{name}-review", QUEUE), await come(f"{name}-approve"))

    async def review(self, submission_id: str, also: Sequence[str] = ()) -> None:
        """Out of the queue, then every condition the page names as not yet met, and the ``also`` named acts."""
        me = self.reviewer
        await (await me.comes(f'a[href="/review/ui/cases/{submission_id}"]', QUEUE)).click()
        await me.page.wait_for_url(f"**/cases/{submission_id}")
        acts = {
            "核查意见": self._findings,
            "定性评分": self._mark,
            "征求部门意见": self._consult,
            "专家评审": self._expert,
            "未列入下级名单的书面理由": self._reason,
        }
        done: set[str] = set()
        for _ in range(LOOKS):
            unmet = set(await self._unmet()) - WITH_THE_BATCH
            todo = [one for one in acts if one in {*unmet, *also} - done]
            if not unmet | set(todo):
                return
            if todo and SHEET not in unmet:
                await acts[todo[0]]()
                done.add(todo[0])
            else:
                # The sheet is being drawn up: looked at again.
                await asyncio.sleep(PAUSE)
                await me.page.reload()
        raise AssertionError(f"{self.name}: {submission_id} still lacks {sorted(unmet)}")

    async def _unmet(self) -> list[str]:
        """The conditions that the page shows as still to be met, by their names."""
        lines = await self.reviewer.page.locator("#act .todo li:not(.met)").all_inner_texts()
        return [line.partition("：")[0].strip() for line in lines]

    async def _findings(self) -> None:
        me = self.reviewer
        form = await me.opened("findings")
        for item in await form.locator('input[type=radio][name^="ok:"][value=yes]').all():
            await item.check()
        await me.send(form)
        await me.told("核查意见已保存")

    async def _mark(self) -> None:
        me = self.reviewer
        form = await me.opened("marks")
        for points in await form.locator('input[name^="points:"]').all():
            most = Decimal(await points.get_attribute("max") or "0")
            await points.fill(str((most * Decimal("1.8")).to_integral_value() / 2))
        for reason in await form.locator('input[name^="reason:"]').all():
            await reason.fill("佐证材料齐全，水平较先进。")
        await me.send(form)
        await me.told("定性评分已保存")

    async def _consult(self) -> None:
        me = self.reviewer
        await me.send(await me.opened("consult"))
        await me.told("已登记征求意见")
        while await me.page.locator('form[action$="/consult-answer"]').count():
            form = await me.opened("consult-answer")
            await form.get_by_label("同意", exact=True).check()
            await form.get_by_label("意见内容").fill("近三年未发现违法违规行为，无不同意见。")
            await me.send(form)
            await me.told("已登记部门答复")

    async def _expert(self) -> None:
        me = self.reviewer
        form = await me.opened("expert")
        await form.locator("input[value=done]").check()
        await form.locator("select[name=grade]").select_option("A")
        await me.send(form)
        await me.told("专家评审情况已保存")

    async def _reason(self) -> None:
        me = self.reviewer
        form = await me.opened("reason")
        await form.get_by_label("尚未列入下级名单仍予推荐").check()
        await form.get_by_label("理由").fill("能源低碳化水平突出，近年改造成效明显，建议推荐。")
        await me.send(form)
        await me.told("书面理由已保存")

    async def recommend(self, submission_ids: Sequence[str], title: str, folder: Path) -> None:
        """A batch: cases ticked, document uploaded by the reviewer; sealed and sent by the approver."""
        me = self.reviewer
        await me.open("/review/ui/batches")
        form = me.page.locator('form[action="/review/ui/batches"]')
        await form.get_by_label("活动").select_option(label=NAME)
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
        await (await boss.comes(f'tr:has-text("拟公示") a:has-text("{list_name}")', "/review/ui/publicities")).click()
        await boss.send(boss.form("open"), confirm=True)
        await boss.told("公示已开始")
        return boss.page.url.removeprefix(boss.base)


async def announce(registrar: Visitor, list_name: str, number: int, document: str) -> None:
    """公布名单: found at the registry's desk, looked through, drafted, published; the list comes up."""
    page = registrar.page
    await (await registrar.comes(f'a:has-text("{list_name}")', "/registry/ui/desk")).click()
    await page.wait_for_url("**/edition")
    await registrar.comes(f'.stats li:has-text("新增"):has(b:text-is("{number}"))')
    form = registrar.form("draft")
    await form.get_by_label("公布文件").fill(document)
    await registrar.send(form)
    await registrar.told("已拟定")
    await registrar.send(registrar.form("publish"), confirm=True)
    await registrar.told(f"新增 {number}，")
