"""The launcher of the embedded database: found, started, adopted, stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import asyncpg
import pytest

from gf_standalone import binaries
from gf_standalone.binaries import Binaries, PostgresError, find_binaries
from gf_standalone.postgres import Address, Postgres, _listening

pytestmark = pytest.mark.db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # pytest's folders are private to the user; the database's user must get through.
    for parent in takewhile(lambda parent: parent != Path(tempfile.gettempdir()), (tmp_path, *tmp_path.parents)):
        parent.chmod(0o755)
    return tmp_path / "data"


@pytest.fixture(params=["system", "wheel"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    wanted = str(request.param)
    found = [b for b in binaries._candidates() if b.how == wanted]
    if not found:
        pytest.skip(f"no {wanted} PostgreSQL on this machine")
    monkeypatch.setattr(binaries, "_candidates", lambda: iter(found))
    return wanted


def ask(address: Address, statement: str) -> object:
    async def work() -> object:
        connection = await asyncpg.connect(address.url("postgres"))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return run_alone(work())


def run_alone(work: object) -> object:
    import threading

    result: list[object] = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(work)))  # type: ignore[arg-type]
    thread.start()
    thread.join()
    return result[0]


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    made = Postgres(folder, durable=False)
    yield made
    made.stop(immediate=True)


def test_starts_keeps_data_and_stops(how: str, folder: Path, server: Postgres) -> None:
    address = server.start()
    assert server.how == how
    assert server.cluster.name == f"pg{server.binaries.major}"
    ask(address, "create table kept (n int)")
    server.stop()
    again = Postgres(folder, durable=False)
    address = again.start()
    assert not again.adopted
    assert ask(address, "select count(*) from kept") == 0
    again.stop()
    assert not _listening(address.port)


def test_only_loopback_and_only_with_the_password(server: Postgres) -> None:
    address = server.start()
    assert ask(address, "show listen_addresses") == "127.0.0.1"
    stranger = Address(address.host, address.port, password="wrong")

    async def work() -> object:
        try:
            await asyncpg.connect(stranger.url("postgres"))
        except asyncpg.InvalidPasswordError as error:
            return error
        return None

    assert run_alone(work()) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_started_as_root_it_runs_as_somebody_else(server: Postgres) -> None:
    server.start()
    assert server.account is not None
    assert server.cluster.stat().st_uid == server.account.uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_folders_above_are_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder.parent / "private"
    private.mkdir(mode=0o700)
    shared = folder.parent / "shared"
    shared.mkdir()
    monkeypatch.setattr("gf_standalone.postgres.shared_home", lambda: shared)
    said: list[str] = []
    server = Postgres(private / "data", durable=False, say=said.append)
    try:
        server.start()
        assert private.stat().st_mode & 0o777 == 0o700
        assert shared in server.cluster.parents
        assert any("进不了" in line for line in said)
    finally:
        server.stop(immediate=True)


def test_a_server_left_by_a_kill_is_taken_over(folder: Path, server: Postgres) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from gf_standalone.postgres import Postgres
        server = Postgres(Path(sys.argv[1]), durable=False)
        server.start()
        print("up", flush=True)
        sys.stdin.read()
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    address = server.start()
    assert server.adopted
    assert ask(address, "select 1") == 1
    server.stop()
    assert not (server.cluster / "postmaster.pid").exists()


def test_a_killed_server_recovers(folder: Path, server: Postgres) -> None:
    address = server.start()
    ask(address, "create table kept (n int)")
    pid = int((server.cluster / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    assert server._process is not None
    server._process.wait()
    time.sleep(0.5)  # its children notice
    again = Postgres(folder, durable=False)
    address = again.start()
    assert ask(address, "select count(*) from kept") == 0
    again.stop(immediate=True)


def test_a_first_start_that_was_cut_short_begins_again(folder: Path, server: Postgres) -> None:
    server.start()
    server.stop()
    cluster = server.cluster
    (cluster / "PG_VERSION").unlink()
    (cluster.with_name(cluster.name + ".making")).mkdir()
    assert ask(server.start(), "select 1") == 1


def test_data_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: iter([Binaries(Path("/x"), "18.4", "wheel")]))
    with pytest.raises(PostgresError, match="PostgreSQL 15"):
        find_binaries(15)


def test_no_server_programs_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: iter([]))
    with pytest.raises(PostgresError, match="apt-get install postgresql"):
        find_binaries()
