"""``greenladder-events``: held events, projections, topics and restores, from the command line (运维命令).

    greenladder-events held list review
    greenladder-events held show review review.cases intake.submissions <key>
    greenladder-events held redrive review review.cases intake.submissions <key> --person <who>
    greenladder-events held skip review review.cases intake.submissions <key> <number> --person <who> --note <why>
    greenladder-events positions review [--group <group>]
    greenladder-events projection status|begin|switch review <name>
    greenladder-events topics ensure [--service intake | --bootstrap <host:port>] [--replication 3]
    greenladder-events accept-restore review
    greenladder-events rewind review --to 2026-11-26T08:00:00+08:00 | --to beginning
    greenladder-events unknown review
    greenladder-events seals review [--expect <number>:<hash>]

A service is found through its settings in the environment (``GF_<SERVICE>_…``), as its own processes find it.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import text

from gf_chassis import held, projections, restore, rewind, seals, topics
from gf_chassis.errors import Rejected
from gf_chassis.runtime import ServiceRuntime

Command = Callable[[argparse.Namespace], Awaitable[int]]


def load_runtime(service: str) -> ServiceRuntime:
    """The service as its own processes build it."""
    settings = importlib.import_module(f"gf_{service}.settings").Settings.read()
    runtime: ServiceRuntime = importlib.import_module(f"gf_{service}.bootstrap").bootstrap(settings).runtime
    return runtime


async def _held_list(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    after = ("", "", "")
    shown = 0
    while True:
        async with runtime.database.reading() as session:
            page = await held.list_held(session, 200, after)
        for key in page:
            asked = f" 已有一人申请跳过：{key.first_person}" if key.first_person else ""
            print(f"{key.group}\t{key.topic}\t{key.key}\t{key.number}\t{key.reason}\t{key.waiting}\t{key.error}{asked}")
        shown += len(page)
        if len(page) < 200:
            break
        after = (page[-1].group, page[-1].topic, page[-1].key)
    print(f"{shown} keys held", file=sys.stderr)
    await runtime.database.close()
    return 0


async def _held_show(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    async with runtime.database.reading() as session:
        events = await held.show(session, options.group, options.topic, options.key)
    for event in events:
        print(f"{event.number}\t{event.type}\t{event.state}\t{event.reason}\t{event.first_seen:%F %T}\t{event.error}")
        if options.message:
            print(_readable(event))
    await runtime.database.close()
    return 0 if events else 1


def _readable(event: held.HeldEvent) -> str:
    from google.protobuf import json_format

    from gf_proto import message_type

    found = message_type(event.type)
    if found is None:
        return event.payload.hex()
    try:
        return str(json_format.MessageToJson(found.FromString(event.payload), ensure_ascii=False))
    except Exception:
        return event.payload.hex()


async def _held_redrive(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    done = await held.redrive(
        runtime.database, runtime.subscriptions, options.group, options.topic, options.key, options.person
    )
    print(f"applied {done.applied}, left {done.left}" + (f": {done.error}" if done.error else ""))
    await runtime.database.close()
    return 0 if not done.left else 1


async def _held_skip(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    answer = await held.skip(
        runtime.database,
        runtime.subscriptions,
        options.group,
        options.topic,
        options.key,
        options.number,
        options.person,
        options.note,
    )
    print("已登记，须由另一人确认" if answer == "asked" else "已跳过")
    await runtime.database.close()
    return 0


async def _positions(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    sql = (
        "select grp, topic, count(*), sum(number), count(*) filter (where state <> '') from position"
        " where (:grp = '' or grp = :grp) group by grp, topic order by grp, topic"
    )
    async with runtime.database.reading() as session:
        for group, topic, keys, events, stopped in await session.execute(text(sql), {"grp": options.group}):
            print(f"{group}\t{topic}\tkeys {keys}\tevents {events}\tstopped {stopped}")
    await runtime.database.close()
    return 0


async def _projection(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    known = {projection.name: projection for projection in getattr(runtime, "projections", ())}
    projection = known.get(options.name)
    if projection is None:
        print(f"no projection {options.name}; there are: {', '.join(sorted(known)) or 'none'}", file=sys.stderr)
        return 2
    if options.action == "begin":
        print(f"building generation {await projections.begin(runtime.database, projection)}")
    elif options.action == "switch":
        print(f"generation {await projections.switch(runtime.database, projection)} serves")
    else:
        async with runtime.database.reading() as session:
            now = await projections.generations(session, projection.name)
            waiting = await projections.behind(session, projection)
        print(f"active {now.active}, building {now.building or '-'}, keys behind {waiting}")
    await runtime.database.close()
    return 0


async def _topics(options: argparse.Namespace) -> int:
    settings = importlib.import_module(f"gf_{options.service}.settings").Settings.read()
    bootstrap = options.bootstrap or settings.kafka_bootstrap
    planned = topics.planned()
    created = await topics.ensure(bootstrap, planned, replication=options.replication, security=settings.kafka_security)
    for name in created:
        print(f"created {name}")
    print(f"{len(planned)} topics, {len(created)} created")
    return 0


async def _accept_restore(options: argparse.Namespace) -> int:
    settings = importlib.import_module(f"gf_{options.service}.settings").Settings.read()
    if not settings.owner_url:
        print(f"the owner's address is needed: GF_{options.service.upper()}_OWNER_URL", file=sys.stderr)
        return 2
    rows = await restore.accept_journal(settings.owner_url)
    cursors = await restore.accept_producers(settings.owner_url)
    print(f"{rows} rows put right, {cursors} cursors start from the beginning")
    return 0


async def _rewind(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    to = None if options.to == "beginning" else datetime.fromisoformat(options.to)
    if to is not None and to.tzinfo is None:
        print("the time needs a zone, for example 2026-11-26T08:00:00+08:00", file=sys.stderr)
        return 2
    settings = runtime.settings
    groups = [*runtime.subscriptions]
    for projection in getattr(runtime, "projections", ()):
        async with runtime.database.reading() as session:
            running = (await projections.generations(session, projection.name)).running
        groups += [projection.subscription(generation) for generation in running]
    for subscription in groups:
        lanes = await rewind.rewind(settings.kafka_bootstrap, subscription, to, security=settings.kafka_security)
        records = sum((lane.before or 0) - lane.after for lane in lanes)
        print(f"{subscription.group}\tlanes {len(lanes)}\trecords to read again {records}")
    await runtime.database.close()
    return 0


async def _unknown(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    settings = runtime.settings
    own = [topic.name for topic in topics.planned() if topic.name.partition(".")[0] == options.service]
    found = await rewind.unknown(settings.kafka_bootstrap, runtime.database, own, security=settings.kafka_security)
    for one in found:
        print(f"{one.topic}\t{one.key}\tjournal {one.known}\ttopic {one.published}")
    print(f"{len(found)} keys of which the topics tell more than the journal", file=sys.stderr)
    await runtime.database.close()
    return 1 if found else 0


async def _seals(options: argparse.Namespace) -> int:
    runtime = load_runtime(options.service)
    number, _, noted = options.expect.partition(":")
    found = await seals.verify(runtime.database, (int(number), noted) if options.expect else None)
    if found.last is not None:
        print(f"seal {found.last.number}\t{found.last.sealed_at:%F %T}\t{found.last.hash.hex()}")
    print(found.fault or f"{found.seals} seals hold", file=sys.stderr)
    await runtime.database.close()
    return 1 if found.fault else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="greenladder-events", description="Held events, projections, topics, restores"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    actions = commands.add_parser("held").add_subparsers(dest="action", required=True)
    for name, run in (("list", _held_list), ("show", _held_show), ("redrive", _held_redrive), ("skip", _held_skip)):
        sub = _add(actions, name, run)
        if name != "list":
            for argument in ("group", "topic", "key"):
                sub.add_argument(argument)
        if name == "show":
            sub.add_argument("--message", action="store_true", help="decode the payloads")
        if name == "skip":
            sub.add_argument("number", type=int)
            sub.add_argument("--note", required=True)
        if name in ("redrive", "skip"):
            sub.add_argument("--person", required=True)
    _add(commands, "positions", _positions).add_argument("--group", default="")
    projection = commands.add_parser("projection")
    projection.set_defaults(run=_projection)
    projection.add_argument("action", choices=("status", "begin", "switch"))
    projection.add_argument("service")
    projection.add_argument("name")
    ensure = commands.add_parser("topics")
    ensure.set_defaults(run=_topics)
    ensure.add_argument("action", choices=("ensure",))
    ensure.add_argument("--service", default="intake", help="whose settings say how the broker is reached")
    ensure.add_argument("--bootstrap", default="", help="instead of the address in the settings")
    ensure.add_argument("--replication", type=int, default=1)
    _add(commands, "accept-restore", _accept_restore)
    _add(commands, "rewind", _rewind).add_argument("--to", required=True, help="a time with its zone, or: beginning")
    _add(commands, "unknown", _unknown)
    expect = "number and hash of a seal as it stands in the log, kept outside the database"
    _add(commands, "seals", _seals).add_argument("--expect", default="", metavar="NUMBER:HASH", help=expect)
    return parser


def _add(commands: Any, name: str, run: Command) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(name)
    sub.set_defaults(run=run)
    sub.add_argument("service")
    return sub


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    try:
        return int(asyncio.run(options.run(options)))
    except Rejected as error:
        print(error.detail, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
