"""Command line of scoring: ``greenladder score …``, which is ``python -m gf_scoring.entrypoints.cli …``.

    greenladder score verify SHEET.json [--ruleset FILE]   复核评分表
    greenladder score rescore RUN [--processes 2]           试算（可中断、可续）
    greenladder score status RUN                            试算进度

Exit codes: 0 equal or done, 1 different or not done, 2 not possible.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

import gf_policy
from gf_chassis import json
from gf_chassis.errors import Rejected
from gf_policy.candidates import read_candidate
from gf_policy.errors import PolicyError
from gf_scoring.adapters import rescoring
from gf_scoring.adapters.tables import RescoreRunRow
from gf_scoring.bootstrap import bootstrap
from gf_scoring.domain.errors import DomainError
from gf_scoring.domain.recompute import Difference
from gf_scoring.entrypoints.http import stated
from gf_scoring.entrypoints.schemas import SheetOut, SheetsOut
from gf_scoring.settings import Settings
from gf_scoring.usecases.verify_sheet import VerifySheet

EQUAL, DIFFERENT, IMPOSSIBLE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="greenladder score", description="评分命令行")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="复核评分表：只凭评分表本身重新计算")
    verify.add_argument("sheet", type=Path, help="评分表 JSON 文件（页面下载，或接口返回的一个版本）")
    verify.add_argument("--policies", type=Path, default=None, help="policies 目录")
    verify.add_argument("--ruleset", type=Path, default=None, help="评分表所用的评分规则文件；省略则取 policies 中的")
    rescore = commands.add_parser("rescore", help="执行一次试算；中断后再次执行即从中断处继续")
    rescore.add_argument("run", type=UUID)
    rescore.add_argument("--processes", type=int, default=2, help="同时工作的进程数，每核一个")
    rescore.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    status = commands.add_parser("status", help="一次试算的进度")
    status.add_argument("run", type=UUID)
    given = parser.parse_args(arguments)
    match given.command:
        case "verify":
            return _verify(given.sheet, given.policies, given.ruleset)
        case "rescore":
            return asyncio.run(_work(given.run) if given.work else _rescore(given.run, max(1, given.processes)))
    return asyncio.run(_status(given.run))


# --- verify ---------------------------------------------------------------------------------------------------------


def _verify(file: Path, policies: Path | None, ruleset: Path | None) -> int:
    try:
        sheets = _sheets(json.loads(file.read_bytes()))
        book = gf_policy.load(policies)
        given = read_candidate(book, ruleset.read_text("utf-8")) if ruleset else None
        found = [(sheet, VerifySheet(book.rulesets)(sheet.ruleset_id, stated(sheet), given)) for sheet in sheets]
    except ValidationError as error:
        for fault in error.errors()[:5]:
            print(f"无法复核：{'/'.join(map(str, fault['loc']))} 不是评分表应有的内容。", file=sys.stderr)
        return IMPOSSIBLE
    except DomainError as error:
        print(f"无法复核：{error.detail}", file=sys.stderr)
        return IMPOSSIBLE
    except (OSError, ValueError, Rejected, PolicyError) as error:
        print(f"无法复核：{error}", file=sys.stderr)
        return IMPOSSIBLE
    for sheet, differences in found:
        _tell(sheet, differences)
    return DIFFERENT if any(differences for _, differences in found) else EQUAL


def _sheets(data: Any) -> list[SheetOut]:
    """One revision, or all of a submission as ``GET sheets/{id}`` gives them."""
    if isinstance(data, dict) and "items" in data:
        return SheetsOut.model_validate(data).items
    return [SheetOut.model_validate(data)]


def _tell(sheet: SheetOut, differences: list[Difference]) -> None:
    names = {line.indicator: line.name for line in sheet.lines}
    title = f"第 {sheet.round} 轮第 {sheet.revision} 版（{sheet.ruleset_id} 第 {sheet.ruleset_version} 版）"
    if not differences:
        print(f"复核一致：{title}，{len(sheet.lines)} 项指标，总分 {sheet.total or '未评分'}。")
        return
    print(f"复核不一致：{title}，共 {len(differences)} 处。")
    for one in differences:
        code = one.pointer.split("/")[2] if one.pointer.startswith("/lines/") else ""
        name = f"（{names[code]}）" if code in names else ""
        print(f"  {one.pointer}{name}：评分表为 {one.stated or '空'}，重新计算为 {one.computed or '空'}")


# --- shadow runs ----------------------------------------------------------------------------------------------------


async def _work(run_id: UUID) -> int:
    """One process: stretch after stretch until none is left."""
    parts = bootstrap(Settings.read())
    try:
        while await parts.rescore_population.step(run_id):
            pass
    finally:
        await parts.database.close()
    return 0


async def _rescore(run_id: UUID, processes: int) -> int:
    parts = bootstrap(Settings.read())
    command = (sys.executable, "-m", __spec__.name if __spec__ else __name__, "rescore", str(run_id), "--work")
    started, workers = time.monotonic(), []
    try:
        if await _line(parts.database, run_id, started) is None:
            print("没有这次试算。", file=sys.stderr)
            return IMPOSSIBLE
        workers = [await asyncio.create_subprocess_exec(*command) for _ in range(processes)]
        waiting = [asyncio.create_task(worker.wait()) for worker in workers]
        while waiting:
            done, pending = await asyncio.wait(waiting, timeout=2.0)
            waiting = list(pending)
            print(await _line(parts.database, run_id, started), flush=True)
            if any(task.result() for task in done):
                print("有进程异常结束；再次执行即从中断处继续。", file=sys.stderr)
                return DIFFERENT
        return await _outcome(parts.database, run_id)
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.terminate()
                await worker.wait()
        await parts.database.close()


async def _line(database: Any, run_id: UUID, started: float) -> str | None:
    async with database.reading() as session:
        run = await session.get(RescoreRunRow, run_id)
        if run is None:
            return None
        scored, appended = await rescoring.progress(session, run_id)
    share = 100 * scored // run.total if run.total else 100
    seconds = time.monotonic() - started
    line = f"已试算 {scored} / {run.total}（{share}%），用时 {seconds:.0f} 秒，状态 {run.state}"
    return line + (f"，已生成新版本 {appended}" if run.state == "switched" else "")


async def _outcome(database: Any, run_id: UUID) -> int:
    async with database.reading() as session:
        run = await session.get(RescoreRunRow, run_id)
    return EQUAL if run is not None and run.state != "running" else DIFFERENT


async def _status(run_id: UUID) -> int:
    parts = bootstrap(Settings.read())
    try:
        line = await _line(parts.database, run_id, time.monotonic())
    finally:
        await parts.database.close()
    print(line or "没有这次试算。")
    return EQUAL if line else IMPOSSIBLE


if __name__ == "__main__":
    sys.exit(main())
