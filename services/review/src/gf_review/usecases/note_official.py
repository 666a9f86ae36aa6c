"""Who works at the desk: the official who signed in is kept with name, authority and roles, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text

from gf_chassis.database import Database
from gf_chassis.identity import Principal

_NOTE = text(
    "insert into official (subject, name, authority, roles, changed_at)"
    " values (:subject, :name, :authority, cast(:roles as text[]), :at)"
    " on conflict (subject) do update set name = excluded.name, authority = excluded.authority,"
    " roles = excluded.roles, changed_at = excluded.changed_at"
    " where (official.name, official.authority, official.roles)"
    " is distinct from (excluded.name, excluded.authority, excluded.roles)"
)
Known = tuple[str, str, tuple[str, ...]]


@dataclass
class NoteOfficial:
    """Use case. Writes only what is new: a process remembers whom it has noted."""

    database: Database
    known: dict[str, Known] = field(default_factory=dict)

    async def __call__(self, principal: Principal) -> None:
        now: Known = (principal.name, principal.authority, tuple(sorted(principal.roles)))
        if self.known.get(principal.subject) == now:
            return
        async with self.database.unit_of_work(principal.actor()) as uow:
            values = {"subject": principal.subject, "name": now[0], "authority": now[1], "roles": list(now[2])}
            await uow.session.execute(_NOTE, values | {"at": await uow.now()})
            await uow.commit()
        if len(self.known) > 10_000:
            self.known.clear()
        self.known[principal.subject] = now
