"""What the programme says when it cannot start, and its clock."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from stdnum.cn import uscc

from gf_standalone import pages, people, settings
from gf_standalone.demo import data
from gf_standalone.lock import RunLock
from gf_standalone.pages import Readiness, own_app
from gf_standalone.serving import listen
from gf_standalone.settings import StandaloneSettings, StartRefused
from gf_standalone.timepiece import DEMO_STARTS, DemoClock, WrongTime


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "８０００", "1e3"])
def test_a_wrong_port_is_named(port: str) -> None:
    with pytest.raises(StartRefused, match=r"PORT=.*1 到 65535"):
        settings.read({"PORT": port})


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = settings.read({"PORT": "", "DATA": ""})
    assert (read.port, read.data, read.issuer) == (8000, tmp_path / ".data", "http://127.0.0.1:8000/auth")


def test_data_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match="不是目录"):
        settings.read({"DATA": str(tmp_path / "file")})


def test_only_loopback() -> None:
    with pytest.raises(StartRefused, match="只监听本机"):
        settings.read({"GF_STANDALONE_HOST": "0.0.0.0"})


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartRefused, match=f"端口 {port} 已被占用"):
            listen(StandaloneSettings(port=port, data=tmp_path))


def test_two_runs_on_one_folder(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    first.take("地址 http://127.0.0.1:8000")
    with pytest.raises(StartRefused, match=r"正在被使用.*127\.0\.0\.1:8000"):
        RunLock(tmp_path).take("")
    first.release()
    RunLock(tmp_path).take("")


def test_the_demo_starts_in_the_campaign_and_its_clock_is_kept(tmp_path: Path) -> None:
    first = DemoClock(tmp_path)
    assert abs(first.now() - DEMO_STARTS) < timedelta(seconds=5)
    first.move_to(first.now() + timedelta(days=20))
    assert abs(DemoClock(tmp_path).now() - first.now()) < timedelta(seconds=1)


def test_the_clock_never_goes_back(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path)
    for wrong in (clock.now() - timedelta(seconds=1), datetime(2090, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)):  # noqa: DTZ001
        with pytest.raises(WrongTime):
            clock.move_to(wrong)


@pytest.fixture
def browser(tmp_path: Path) -> httpx.AsyncClient:
    app = own_app(pages.environment(), DemoClock(tmp_path), Readiness({}, lambda: "done"), 8000)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


async def test_the_clock_is_moved_by_hand(browser: httpx.AsyncClient) -> None:
    before = datetime.fromisoformat((await browser.get("/clock")).json()["now"])
    answer = await browser.post("/clock", json={"days": 3})
    assert datetime.fromisoformat(answer.json()["now"]) - before >= timedelta(days=3)
    answer = await browser.post("/clock", data={"to": "2025-12-01T09:00"})
    assert answer.status_code == 303
    assert (await browser.get("/clock")).json()["now"].startswith("2025-12-01T09:00")


@pytest.mark.parametrize(
    "wrong",
    [{}, [], 1, {"days": -1}, {"to": "yesterday"}, {"to": "2020-01-01T00:00:00+08:00"}, {"days": 10**9}, {"days": "x"}],
)
async def test_wrong_times_are_answered_in_words(browser: httpx.AsyncClient, wrong: object) -> None:
    answer = await browser.post("/clock", json=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_index_lists_the_services(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    for path in (
        "/intake/docs",
        "/scoring/docs",
        "/review/ui/",
        "/registry/docs",
        "/notify/docs",
        "/auth/accounts",
        "/clock",
    ):
        assert f'href="{path}"' in page.text


async def test_ready_only_when_every_service_and_the_story_are(tmp_path: Path) -> None:
    story = ["正在登记企业"]
    readiness = Readiness({}, lambda: story[0])
    assert not (await readiness.look())[0]
    story[0] = "done"
    assert (await readiness.look())[0]


def test_demo_units_have_valid_codes_and_fictional_owners() -> None:
    units = [*data.units().values(), *data.beside().values()]
    codes = [unit["uscc"] for unit in units]
    codes += [entry["uscc"] for listed in data.lists() for entry in listed["entries"]]
    assert all(uscc.is_valid(code) for code in codes)
    assert len(codes) > 60
    orgs = {account.org for account in people.accounts().values() if account.org}
    assert orgs == {unit["uscc"] for unit in units}
