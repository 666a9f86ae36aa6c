"""`make run`: database, migrations, services, demo story; stopped in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Awaitable

from gf_chassis import logging as chassis_logging
from gf_standalone import compose, pages, people, secretfile
from gf_standalone.demo.narrator import Narrator
from gf_standalone.demo.story import tell
from gf_standalone.dispatch import Dispatcher
from gf_standalone.issuer import Issuer, issuer_app, load_key
from gf_standalone.lock import RunLock
from gf_standalone.postgres import Postgres
from gf_standalone.serving import DRAIN_SECONDS, listen, serving
from gf_standalone.settings import StandaloneSettings
from gf_standalone.timepiece import DemoClock


def say(text: str = "") -> None:
    print(text, flush=True)


def run(settings: StandaloneSettings) -> int:
    began = time.monotonic()
    listener = listen(settings)
    lock = RunLock(settings.data)
    lock.take(f"地址 {settings.address}")
    server = Postgres(settings.data, say=lambda text: say(f"[数据库] {text}"))
    try:
        say("[数据库] 启动 PostgreSQL……")
        server.start()
        origin = "系统自带" if server.how == "system" else "随包附带"
        say(f"[数据库] PostgreSQL {server.version}（{origin}），数据在 {server.cluster}")
        return asyncio.run(_run(settings, server, listener, began))
    finally:
        # The services have drained by now: the database goes last.
        server.stop()
        lock.release()
        say("已停止。数据保留在 " + str(settings.data))


async def _run(settings: StandaloneSettings, postgres: Postgres, listener: socket.socket, began: float) -> int:
    log = open(settings.data / "greenladder.log", "a", encoding="utf-8")  # noqa: ASYNC230, SIM115  as long as the process
    chassis_logging.configure("standalone", os.environ.get("GF_LOG_LEVEL", "INFO"), stream=log)
    clock = DemoClock(settings.data)
    say("[服务] 准备五个服务的数据库……")
    made = await compose.prepare_databases(
        postgres.address, secretfile.read_or_make(settings.data / "service-password")
    )
    services = compose.compose(
        made, clock=clock.clock, issuer=settings.issuer, public_url=settings.address, data=settings.data
    )
    narrator = Narrator(settings.data, clock, say)
    issuer = Issuer(settings, people.accounts(), load_key(settings.data))
    templates = pages.environment()
    applications = {name: service.app for name, service in services.items()}
    readiness = pages.Readiness(applications, lambda: narrator.state if settings.demo else "done")
    own = pages.own_app(templates, clock, readiness, settings.port)
    dispatcher = Dispatcher({**applications, "auth": issuer_app(issuer, templates, settings.port)}, own)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with serving(dispatcher, listener):
        workers = compose.Workers(services)
        try:
            if settings.demo:
                await _unless(stopping, tell(settings.address, clock, narrator))
            if not stopping.is_set():
                await _until_ready(readiness, stopping)
                _announce(settings, narrator, time.monotonic() - began)
            await _watch(stopping, workers)
        finally:
            say("\n正在停止：先处理完手上的请求和事件……")
            await workers.stop(seconds=DRAIN_SECONDS)
    return 0


async def _unless(stopping: asyncio.Event, work: Awaitable[None]) -> None:
    """Do the work, or leave it where it is when somebody says stop; it goes on at the next start."""
    task = asyncio.ensure_future(work)
    waiter = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return
    await task


async def _until_ready(readiness: pages.Readiness, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        ready, _ = await readiness.look()
        if ready:
            return
        await asyncio.sleep(0.2)


async def _watch(stopping: asyncio.Event, workers: compose.Workers) -> None:
    while not stopping.is_set():
        failed = workers.failed()
        if failed:
            names = "、".join(pages.SERVICE_NAMES[name] for name in failed)
            say(f"后台处理意外停止（{names}），详见 greenladder.log。请重新启动；数据不会丢失。")
            raise next(iter(failed.values()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 5)


def _announce(settings: StandaloneSettings, narrator: Narrator, seconds: float) -> None:
    base = settings.address
    say()
    narrator.recount()
    say()
    say(f"就绪（{seconds:.1f} 秒）。按 Ctrl-C 停止，数据保留。")
    say(f"  首页（接口与页面）  {base}/")
    say(f"  审核工作台          {base}/review/ui")
    say(f"  演示账号            {base}/auth/accounts   （登录时点选，无需密码）")
    for account in ("yubei-review", "yubei-approve", "cq-approve", "miit-approve", "unit-sixth"):
        person = people.accounts()[account]
        say(f"    {person.id:<15} {person.name}  {person.role_names} · {person.place}")
    say(f"  演示时钟            {base}/clock")
