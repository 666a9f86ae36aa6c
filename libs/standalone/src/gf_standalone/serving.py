"""uvicorn on a listener that is ours, started and stopped as a context."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from gf_standalone.settings import StandaloneSettings, StartRefused

DRAIN_SECONDS = 10


def listen(settings: StandaloneSettings) -> socket.socket:
    """Take the port first, so that a port in use is answered before anything else begins."""
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.port))
        # Bound alone is not taken: another programme could bind it too until one of the two listens.
        listener.listen(128)
    except PermissionError:
        listener.close()
        raise StartRefused(
            f"没有权限使用端口 {settings.port}（1024 以下需要特权）。请换一个，例如 PORT=8001 make run。"
        ) from None
    except OSError as error:
        listener.close()
        raise StartRefused(
            f"端口 {settings.port} 已被占用（{error.strerror}）。请停止占用它的程序，或换一个端口：PORT=8001 make run。"
        ) from None
    return listener


class Server(uvicorn.Server):
    """uvicorn without its own handling of signals: we stop the services and the database in our order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(application: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        application, lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=DRAIN_SECONDS,
        server_header=False, proxy_headers=False, timeout_keep_alive=60,
    )  # fmt: skip
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    while not server.started:
        if task.done():
            await task
            raise StartRefused("服务没有启动成功，日志见数据目录里的 greenladder.log。")
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        await task
