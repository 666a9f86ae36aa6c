"""Settings, clock, ids, logs, start-up and readiness."""

from __future__ import annotations

import io
import json as plain_json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from sqlalchemy import text

from gf_chassis import health, logging, progress
from gf_chassis.clock import Clock, FixedClock
from gf_chassis.database import Database
from gf_chassis.ids import new_id, parse_id
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.settings import ServiceSettings, async_url, plain_url, service_config

from .conftest import MakeApp, client_of, spine


class IntakeSettings(ServiceSettings):
    model_config = service_config("intake")
    service: str = "intake"
    evidence_folder: Path | None = None


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GF_INTAKE_DATABASE_URL", "postgresql://gf_intake_app:geheim@db:5432/gf_intake")
    monkeypatch.setenv("GF_INTAKE_JOURNAL_URLS", '{"review": "postgresql://x:geheim2@db/gf_review"}')
    monkeypatch.setenv("GF_INTAKE_SESSION_SECRET", "geheim3")
    monkeypatch.setenv("GF_INTAKE_MODE", "standalone")
    monkeypatch.setenv("GF_SCORING_POOL_SIZE", "99")
    settings = IntakeSettings()
    assert settings.database.url == "postgresql+asyncpg://gf_intake_app:geheim@db:5432/gf_intake"
    assert settings.pool_size == 8
    printed = plain_json.dumps(settings.redacted(), default=str)
    assert "geheim" not in printed
    assert "gf_intake_app:***@db:5432" in printed
    assert "geheim" not in repr(settings.redacted())
    assert settings.session_secret.get_secret_value() == "geheim3"


def test_settings_refuse_nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GF_INTAKE_MODE", "cluster")
    monkeypatch.setenv("GF_INTAKE_EVENTS", "journal")
    with pytest.raises(ValueError, match="cluster"):
        IntakeSettings()
    monkeypatch.setenv("GF_INTAKE_EVENTS", "kafka")
    monkeypatch.setenv("GF_INTAKE_DATABASE_URL", "postgresql://u:geheim@db/x")
    monkeypatch.setenv("GF_INTAKE_POOL_SIZE", "0")
    with pytest.raises(ValueError, match="pool_size") as caught:
        IntakeSettings()
    assert "geheim" not in str(caught.value)


def test_a_process_that_starts_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GF_INTAKE_LOG_LEVEL", "loud")
    monkeypatch.setenv("GF_INTAKE_POOL_SIZE", "viele")
    monkeypatch.setenv("GF_INTAKE_DATABASE_URL", "postgresql://u:geheim@db/x")
    with pytest.raises(SystemExit) as ended:
        IntakeSettings.read()
    said = str(ended.value)
    assert "GF_INTAKE_LOG_LEVEL：应为下列之一" in said
    assert "GF_INTAKE_POOL_SIZE：应为整数" in said
    assert "geheim" not in said
    for name in ("LOG_LEVEL", "POOL_SIZE"):
        monkeypatch.delenv(f"GF_INTAKE_{name}")
    template = tmp_path / "ca.crt"
    template.write_text("REPLACE", "utf-8")
    monkeypatch.setenv("GF_INTAKE_CA_FILE", str(template))
    with pytest.raises(SystemExit, match=f"GF_INTAKE_CA_FILE：文件 {template} 中没有证书"):
        IntakeSettings.read()
    monkeypatch.setenv("GF_INTAKE_CA_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match="不能读取"):
        IntakeSettings.read()
    monkeypatch.delenv("GF_INTAKE_CA_FILE")
    assert IntakeSettings.read().log_level == "INFO"


def test_addresses() -> None:
    assert async_url("postgres://a@b/c") == async_url("postgresql+psycopg://a@b/c") == "postgresql+asyncpg://a@b/c"
    assert plain_url("postgresql+asyncpg://a@b/c") == "postgresql://a@b/c"


def test_ids() -> None:
    first, second = new_id(), new_id()
    assert (first.version, first < second) == (7, True)
    assert parse_id(str(first)) == first
    assert parse_id(str(first).upper()) == first
    for bad in ("", "x" * 36, first.hex, "{" + str(first) + "}", "urn:uuid:" + str(first), "１" * 36):
        assert parse_id(bad) is None


def test_clock() -> None:
    clock = Clock(timedelta(days=-400))
    assert timedelta(days=399) < datetime.now(UTC) - clock.now() < timedelta(days=401)
    clock.set_offset(timedelta(days=-399))
    with pytest.raises(ValueError, match="向前"):
        clock.set_offset(timedelta(days=-400))
    fixed = FixedClock(datetime(2025, 12, 31, 16, 30, tzinfo=UTC))
    assert (str(fixed.today()), fixed.now().year) == ("2026-01-01", 2025)
    fixed.set(datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=8))))
    assert fixed.now() == datetime(2024, 12, 31, 16, tzinfo=UTC)
    with pytest.raises(ValueError, match="naive"):
        FixedClock(datetime(2025, 1, 1))  # noqa: DTZ001


@pytest.fixture
def lines() -> Any:
    stream = io.StringIO()
    logging.configure("intake", "INFO", stream=stream)
    yield lambda: [plain_json.loads(line) for line in stream.getvalue().splitlines()]
    logging.configure("test", "WARNING")
    structlog.contextvars.clear_contextvars()


def test_logs_are_readable_json_without_personal_data(lines: Any) -> None:
    log = structlog.get_logger("gf_intake.test")
    structlog.contextvars.bind_contextvars(request_id="r-1")
    log.info("受理", unit="重庆", phone="13800138000", nested={"Email": "a@b.cn", "rows": [{"id_card": "1", "n": 2}]})
    log.warning("line\nbreak", authority="cq")
    try:
        raise ValueError("bad")
    except ValueError:
        log.exception("failed")
    first, second, third = lines()
    assert (first["event"], first["unit"], first["request_id"], first["service"]) == ("受理", "重庆", "r-1", "intake")
    assert first["phone"] == first["nested"]["Email"] == first["nested"]["rows"][0]["id_card"] == "[removed]"
    assert first["nested"]["rows"][0]["n"] == 2
    assert second["event"] == "line\nbreak"
    assert "ValueError: bad" in third["exception"]


async def test_the_access_log_has_no_addresses(lines: Any, make_app: MakeApp) -> None:
    async with client_of(make_app()) as client:
        await client.get("/intake/v1/units/91500112MA5U7K3L0T?name=王芳", headers={"x-request-id": "req-00001"})
        await client.get("/intake/healthz")
    [rejected] = [line for line in lines() if line["event"] == "request"]
    assert (rejected["route"], rejected["status"], rejected["request_id"]) == ("unmatched", 404, "req-00001")
    assert len(rejected["trace_id"]) == 32
    assert "91500112" not in plain_json.dumps(lines(), ensure_ascii=False)


async def test_the_log_of_settings(lines: Any) -> None:
    logging.log_settings(ServiceSettings(database_url="postgresql://u:geheim@db/x"))
    assert "geheim" not in plain_json.dumps(lines())


@pytest.mark.db
async def test_readiness_names_what_is_wrong(database: Database) -> None:
    settings = ServiceSettings(service="gf_none", stuck_after_seconds=1)
    runtime = ServiceRuntime("ready-test", settings, database, Clock(), package="gf_chassis")
    assert not any((await health.readiness(runtime)).values())
    part = progress.watch("ready-test").part("consumer:x")
    part.stopped = "too many held events"
    assert "too many held events" in (await health.readiness(runtime))["readers"]
    part.stopped = ""
    runtime.draining = True
    assert (await health.readiness(runtime))["draining"]
    runtime.draining = False
    await database.close()
    runtime.database = Database(ServiceSettings(database_url="postgresql://x@127.0.0.1:1/x").database, Clock())
    assert (await health.readiness(runtime))["database"] == "ConnectionRefusedError"


@pytest.mark.db
async def test_readiness_wants_the_migrations(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = ServiceRuntime("ready-test-2", ServiceSettings(), database, Clock(), package="gf_chassis")
    monkeypatch.setattr(health, "_revisions", lambda package: (("0002",), frozenset({"0001", "0002"})))
    assert (await health.readiness(runtime))["migrations"] == "at nothing, needs 0002"
    async with database.reading() as session:
        assert (await session.execute(text("select count(*) from alembic_version"))).scalar_one() == 0


@pytest.mark.db
@pytest.mark.parametrize(("at", "wrong"), [("0001", "at 0001, needs 0002"), ("0002", ""), ("0003", "")])
async def test_a_release_goes_on_serving_when_the_next_one_has_migrated(
    service_database: Any, monkeypatch: pytest.MonkeyPatch, at: str, wrong: str
) -> None:
    described = await service_database("intake", prepare=spine)
    owner = await asyncpg.connect(plain_url(described.owner_url))
    await owner.execute("insert into alembic_version values ($1)", at)
    await owner.close()
    database = Database(ServiceSettings(database_url=described.app_url).database, Clock())
    runtime = ServiceRuntime("ready-test-3", ServiceSettings(), database, Clock(), package="gf_chassis")
    monkeypatch.setattr(health, "_revisions", lambda package: (("0002",), frozenset({"0001", "0002"})))
    assert (await health.readiness(runtime))["migrations"] == wrong
    await database.close()


async def test_start_and_stop_steps_run_in_order(make_app: MakeApp) -> None:
    app = make_app()
    done: list[str] = []

    def step(name: str) -> Any:
        async def run() -> None:
            done.append(name)

        return run

    app.state.runtime.on_start += [step("a"), step("b")]
    app.state.runtime.on_stop += [step("b"), step("a")]
    async with app.router.lifespan_context(app):
        assert done == ["a", "b"]
    assert done == ["a", "b", "a", "b"]
    assert app.state.runtime.draining
