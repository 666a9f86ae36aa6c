"""The whole story once more over a real Kafka: API processes, and a worker process per service with its relay."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gf_chassis.topics import ensure, planned
from gf_standalone.demo import data
from gf_standalone.demo.acts import Registrar
from gf_standalone.demo.narrator import Narrator
from gf_standalone.demo.story import NATIONAL, ROUTES, tell
from tests.support.house import Databases, House, open_house
from tests.support.kafka import KafkaServer

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.db, pytest.mark.timeout(400)]
ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def workers(house: House, folder: Path, common: dict[str, Any]) -> AsyncIterator[list[subprocess.Popen[bytes]]]:
    running = []
    for service, database in house.databases.items():
        settings = {
            **common,
            "database_url": database.app_url,
            "evidence_url": str(folder / "evidence"),
            "documents_dir": str(folder / "documents" / service),
        }
        command = [sys.executable, "-m", "tests.support.worker_process", service, str(folder), json.dumps(settings)]
        running.append(subprocess.Popen(command, cwd=ROOT))  # noqa: ASYNC220  starts and returns
    try:
        yield running
        assert [process.poll() for process in running] == [None] * len(running)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            await asyncio.to_thread(process.wait, 30)


async def test_the_story_over_kafka(kafka: KafkaServer, service_database: Databases, tmp_path: Path) -> None:
    await ensure(kafka.bootstrap, planned())
    common = {"mode": "compose", "events": "kafka", "kafka_bootstrap": kafka.bootstrap, "journal_urls": {}}
    lines: list[str] = []
    async with open_house(service_database, tmp_path, workers=False, **common) as house:
        async with workers(house, tmp_path, common):
            await tell(house.base_url, house.clock, Narrator(tmp_path, house.clock, lines.append))
            listed = await Registrar(house.speak("miit-lists")).listed(NATIONAL)
            assert {data.units()[name]["name"] for name in ROUTES} <= listed
        await every_event_is_numbered_without_gaps(kafka)


async def every_event_is_numbered_without_gaps(kafka: KafkaServer) -> None:
    """What stands in the topics: per key 1, 2, 3 …, in the order of the partition, none twice."""
    seen: dict[tuple[str, bytes], int] = {}
    for record in await kafka.dump(*(topic.name for topic in planned())):
        headers = dict(record.headers)
        place = (record.topic, record.key)
        number = int(headers["ce_sequence"])
        assert number == seen.get(place, 0) + 1, place
        seen[place] = number
    assert {topic for topic, _ in seen} >= {
        "intake.submissions",
        "scoring.sheets",
        "review.cases",
        "registry.standings",
    }
