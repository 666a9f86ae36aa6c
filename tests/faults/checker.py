"""Looks from outside, with SQL, a dump of the topics and the public API; shares no code with the services.

It answers with what is wrong, in words; an empty list means that nothing accepted was lost, nothing took effect
twice, and the lists equal a replay of the events.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import yaml

from greenladder.registry.v1 import editions_pb2 as editions
from greenladder.registry.v1 import standings_pb2 as standings
from tests.faults.load import NATIONAL, Ledger
from tests.support.kafka import dump

Key = tuple[str, str]


@dataclass
class Checker:
    urls: dict[str, str]
    bootstrap: str
    registry: str
    problems: list[str] = field(default_factory=list)
    #: What was looked at, so that an empty answer is not one about nothing.
    seen: Counter[str] = field(default_factory=Counter)

    def say(self, problem: str) -> None:
        if len(self.problems) < 40:
            self.problems.append(problem)

    async def rows(self, service: str, sql: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.urls[service])
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def check(self, ledger: Ledger) -> list[str]:
        topics = _topics()
        records = await self._topics_equal_journals(topics)
        await self._everything_was_consumed(topics, records)
        await self._nothing_is_held()
        await self._submissions(ledger)
        await self._scores_and_cases(ledger)
        await self._notices(records)
        await self._lists(ledger, records)
        await self._editions(records)
        return self.problems

    # --- the spine ---------------------------------------------------------------------------------------------------

    async def _topics_equal_journals(self, topics: dict[str, Any]) -> dict[str, dict[Key, dict[int, bytes]]]:
        """Published = committed, byte by byte, and each key's first appearances are in order and without a gap."""
        found: dict[str, dict[Key, dict[int, bytes]]] = {}
        for topic in topics:
            keys: dict[Key, dict[int, bytes]] = defaultdict(dict)
            for record in await dump(self.bootstrap, [topic]):
                number = int(dict(record.headers)["ce_sequence"])
                numbers = keys[(topic, record.key.decode())]
                if number in numbers:
                    self.seen["sent twice"] += 1
                    if numbers[number] != record.value:
                        self.say(f"{topic}/{record.key!r}/{number}: sent twice with different bytes")
                elif number != len(numbers) + 1:
                    self.say(f"{topic}/{record.key!r}: {number} comes after {len(numbers)}")
                numbers.setdefault(number, record.value)
            found[topic] = keys
        for service in self.urls:
            for row in await self.rows(service, "select topic, key, number, payload from journal where topic <> ''"):
                sent = found.get(row["topic"], {}).get((row["topic"], row["key"]), {})
                self.seen["journal rows"] += 1
                if sent.get(row["number"]) != row["payload"]:
                    self.say(f"{row['topic']}/{row['key']}/{row['number']}: committed, not published")
        published = sum(len(numbers) for keys in found.values() for numbers in keys.values())
        if published != self.seen["journal rows"]:
            self.say(f"{published} events in the topics, {self.seen['journal rows']} in the journals")
        return found

    async def _everything_was_consumed(
        self, topics: dict[str, Any], records: dict[str, dict[Key, dict[int, bytes]]]
    ) -> None:
        """Groups of the consumers that the topic files name stand at the last event of every key.

        The files also name consumers of the future; what those of today must have read shows in their effects.
        """
        for topic, about in topics.items():
            for consumer in about["consumers"]:
                positions = defaultdict(dict)
                for row in await self.rows(
                    consumer["service"], "select grp, key, number from position where topic = $1", topic
                ):
                    positions[row["grp"]][row["key"]] = row["number"]
                for group, keys in positions.items():
                    for (_, key), numbers in records[topic].items():
                        self.seen["positions"] += 1
                        if keys.get(key, 0) != max(numbers):
                            self.say(f"{group}: {topic}/{key} at {keys.get(key, 0)} of {max(numbers)}")

    async def _nothing_is_held(self) -> None:
        for service in self.urls:
            for row in await self.rows(
                service, "select grp, topic, key, number, reason, error from held_event where state = 'held'"
            ):
                self.say(f"{service} holds {tuple(row)}")

    # --- what people were promised -----------------------------------------------------------------------------------

    async def _submissions(self, ledger: Ledger) -> None:
        stored = {str(row["id"]): row for row in await self.rows("intake", "select * from submission")}
        per_unit = Counter(str(row["unit_id"]) for row in stored.values())
        admitted = Counter(
            row["aggregate_id"]
            for row in await self.rows(
                "intake", "select aggregate_id from journal where message_type like '%.SubmissionAdmitted'"
            )
        )
        for promise in ledger.submissions:
            self.seen["submissions"] += 1
            row = stored.get(promise.submission_id)
            if row is None:
                self.say(f"submission {promise.submission_id} was answered 201 and is lost")
                continue
            if per_unit[promise.unit_id] != 1 or admitted[promise.submission_id] != 1:
                self.say(f"submission {promise.submission_id}: {per_unit[promise.unit_id]} rows, "
                         f"admitted {admitted[promise.submission_id]} times")  # fmt: skip
            if promise.closed and row["state"] != "closed":
                self.say(f"submission {promise.submission_id} was closed and is {row['state']}")
        units = Counter(row["uscc"] for row in await self.rows("intake", "select uscc from unit_profile"))
        for code, count in units.items():
            if count != 1:
                self.say(f"{code} was registered {count} times")

    async def _scores_and_cases(self, ledger: Ledger) -> None:
        sheets = await self._count("scoring", "select submission_id::text k from score_sheet")
        published = await self._count(
            "scoring", "select key k from journal where message_type like '%.SubmissionScored'"
        )
        cases = await self._count("review", "select submission_id::text k from review_case")
        decisions = await self._count("review", "select submission_id::text k from decision")
        closed = await self._count("review", "select key k from journal where message_type like '%.CaseClosed'")
        marked = await self._count("review", "select key k from journal where message_type like '%.AssessmentRecorded'")
        for promise in ledger.submissions:
            one = promise.submission_id
            # The city and the ministry, each once; a refusal ends it at the city.
            passed = 2 * bool(promise.listed)
            expected = {
                "sheets": (sheets[one], 1 + marked[one]),
                "scores published": (published[one], 1 + marked[one]),
                "cases": (cases[one], 1),
                "decisions": (decisions[one], int(promise.refused) + passed),
                "closings": (closed[one], int(promise.refused or bool(promise.listed))),
            }
            for what, (there, wanted) in expected.items():
                self.seen[what] += there
                if there != wanted:
                    self.say(f"{one}: {there} {what}, expected {wanted}")

    async def _count(self, service: str, sql: str) -> Counter[str]:
        return Counter(row["k"] for row in await self.rows(service, sql))

    async def _notices(self, records: dict[str, dict[Key, dict[int, bytes]]]) -> None:
        """One notice of receipt per admission; never two of the same event to the same addressee."""
        twice = await self.rows(
            "notify",
            "select event_id, template, addressee, count(*) n from notice group by 1, 2, 3 having count(*) > 1",
        )
        for row in twice:
            self.say(f"notice raised {row['n']} times: {row['template']} of {row['event_id']}")
        received = {
            str(row["submission_id"])
            for row in await self.rows("notify", "select submission_id from notice where template = 'received'")
        }
        for _, key in records["intake.submissions"]:
            self.seen["notices"] += 1
            if key not in received:
                self.say(f"nobody was told that {key} was received")

    async def _lists(self, ledger: Ledger, records: dict[str, dict[Key, dict[int, bytes]]]) -> None:
        """What the public sees = a fold of MembershipChanged over the topic = what the imports promised."""
        folded = await self._fold(records["registry.standings"])
        promises = {**ledger.imports, NATIONAL: [one.listed for one in ledger.submissions if one.listed]}
        for list_id, promised in promises.items():
            names = await self._public_list(list_id)
            self.seen["listed"] += len(names)
            if sorted(names) != sorted(folded[list_id]):
                self.say(f"{list_id}: the list says {sorted(names)}, a replay {sorted(folded[list_id])}")
            if sorted(names) != sorted(promised):
                self.say(f"{list_id}: {len(promised)} were promised, {len(names)} are listed")

    async def _public_list(self, list_id: str) -> list[str]:
        names: list[str] = []
        params: dict[str, Any] = {"limit": 100}
        async with httpx.AsyncClient(timeout=30) as http:
            while True:
                answer = await http.get(f"{self.registry}/registry/v1/public/lists/{list_id}", params=params)
                page = answer.raise_for_status().json()
                names += [item["name"] for item in page["items"]]
                if page["next"] is None:
                    return names
                params["cursor"] = page["next"]

    async def _editions(self, records: dict[str, dict[Key, dict[int, bytes]]]) -> None:
        """Numbers of a list's editions have no gap; the frozen bytes, the row and the event say the same digest."""
        said = {
            (change.list_id, change.number): change
            for numbers in records["registry.editions"].values()
            for change in map(editions.EditionPublished.FromString, numbers.values())
        }
        counted: Counter[str] = Counter()
        for row in await self.rows(
            "registry", "select list_id, number, content, digest from edition where state = 'published' order by number"
        ):
            self.seen["editions"] += 1
            counted[row["list_id"]] += 1
            event = said.get((row["list_id"], row["number"]))
            if row["number"] != counted[row["list_id"]]:
                self.say(f"{row['list_id']}: edition {row['number']} is the {counted[row['list_id']]}th")
            if event is None or {event.digest, row["digest"]} != {sha256(row["content"]).hexdigest()}:
                self.say(f"{row['list_id']}: edition {row['number']} was announced otherwise than it is kept")
        if len(said) != self.seen["editions"]:
            self.say(f"{len(said)} editions announced, {self.seen['editions']} kept")

    async def _fold(self, keys: dict[Key, dict[int, bytes]]) -> dict[str, list[str]]:
        kinds = {
            (row["key"], row["number"]): row["message_type"]
            for row in await self.rows(
                "registry", "select key, number, message_type from journal where topic = 'registry.standings'"
            )
        }
        members: dict[str, Any] = {}
        for (_, key), numbers in keys.items():
            for number in sorted(numbers):
                if kinds[(key, number)].endswith(".MembershipChanged"):
                    change = standings.MembershipChanged.FromString(numbers[number])
                    members[change.membership_id] = change
        folded: dict[str, list[str]] = defaultdict(list)
        for change in members.values():
            if change.state == standings.MEMBERSHIP_STATE_LISTED:
                folded[change.list_id].append(change.name_as_listed)
        return folded


def _topics() -> dict[str, Any]:
    """The topic files, read as what they are."""
    folder = Path(__file__).parents[2] / "proto" / "topics"
    found = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml")))
    return {about["topic"]: about for about in found}
