"""Serve one application with uvicorn: ``python -m gf_chassis.serve intake --port 8001`` (进程入口).

On SIGTERM readiness says no first; after ``--grace`` seconds, in which load balancers notice, no new connection is
taken, and requests in flight are finished within the drain time.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import signal
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from gf_chassis import logging, tracing
from gf_chassis.http import tune_gc
from gf_chassis.one_write import OneWriteProtocol
from gf_chassis.runtime import ServiceRuntime


class DrainingServer(uvicorn.Server):
    """A server that says "not ready" before it stops listening."""

    def __init__(self, config: uvicorn.Config, runtimes: list[ServiceRuntime], grace: float) -> None:
        super().__init__(config)
        self.runtimes = runtimes
        self.grace = grace
        self._stopping = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn's own handler would end the process by the signal again, as if it had died of it.
        if self._stopping:
            self.force_exit = self.force_exit or sig == signal.SIGINT
            self.should_exit = True
            return
        self._stopping = True
        for runtime in self.runtimes:
            runtime.draining = True
        if sig == signal.SIGTERM and self.grace > 0:
            asyncio.get_running_loop().call_later(self.grace, self._stop)
        else:
            self._stop()

    def _stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        tune_gc()


def config(app: object, *, host: str, port: int, drain_seconds: float) -> uvicorn.Config:
    """uvicorn as every process of this system runs it: no forwarded headers trusted, own access log, bounded drain."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        loop="asyncio",
        http=OneWriteProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(drain_seconds) or None,
        timeout_keep_alive=30,
        backlog=1024,
        lifespan="on",
    )


def serve(app: FastAPI, *, host: str = "0.0.0.0", port: int = 8000, grace: float = 0.0) -> None:
    """Run until a signal."""
    runtime: ServiceRuntime = app.state.runtime
    settings = runtime.settings
    logging.configure(runtime.name, settings.log_level, console=settings.mode == "standalone", for_good=True)
    tracing.configure(runtime.name)
    logging.log_settings(settings)
    server = DrainingServer(config(app, host=host, port=port, drain_seconds=settings.drain_seconds), [runtime], grace)
    server.run()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gf_chassis.serve", description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--host", default=os.environ.get("HOST") or "0.0.0.0")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument("--grace", type=float, default=float(os.environ.get("GRACE_SECONDS") or 0))
    chosen = parser.parse_args()
    app: FastAPI = importlib.import_module(f"gf_{chosen.service}.api").create()
    serve(app, host=chosen.host, port=chosen.port, grace=chosen.grace)


if __name__ == "__main__":
    main()
