"""注册单位: an applicant for its own code, a partner or an official for units below its authority."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from gf_chassis.clock import SHANGHAI
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Forbidden, NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies, require_uscc
from gf_intake.adapters.repository import Repository
from gf_intake.domain.errors import UnitExists
from gf_intake.domain.units import Profile, Unit
from gf_intake.usecases.access import OFFICIALS
from gf_intake.usecases.views import unit_view

# One registration of a code at a time: the table cannot hold it unique (imported lists carry codes twice).
_SERIALISE = text("select pg_advisory_xact_lock(hashtextextended(:code, 0))")


@dataclass(frozen=True, slots=True)
class RegisterUnit:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(self, principal: Principal, category: str, profile: Profile, once: Once) -> dict[str, Any]:
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            self._may_register(principal, profile)
            unit = await register(uow, self.policies, category, profile, basis="DM-superior")
            view = unit_view(unit)
            await once.keep(uow, view)
            await uow.commit()
            return view

    def _may_register(self, principal: Principal, profile: Profile) -> None:
        principal.require("applicant", "partner", *OFFICIALS)
        if principal.has("applicant"):
            if principal.org != profile.uscc:
                raise Forbidden("只能注册本单位:统一社会信用代码应与登录账号一致。", rule="used-by")
        elif profile.superior not in self.policies.area(principal.authority):
            raise NotFound


async def register(
    uow: UnitOfWork, policies: Policies, category: str, profile: Profile, *, basis: str, unit_id: UUID | None = None
) -> Unit:
    """Also used by the import of existing units."""
    if profile.uscc is not None:
        require_uscc(profile.uscc)
    repository = Repository(uow.session)
    if profile.uscc is not None:
        await uow.session.execute(_SERIALISE, {"code": f"{profile.uscc}:{category}"})
        if existing := await repository.units_by_uscc(profile.uscc, category):
            raise UnitExists(f"该统一社会信用代码已注册为本类别的申报单位(编号 {existing[0].id}),请直接使用。")
    now = await uow.now()
    unit = Unit.register(unit_id or new_id(), category, profile, policies.codes, now.astimezone(SHANGHAI).date())
    published = contracts.unit_changed(unit)
    await repository.add_unit(unit, now, uow.actor.subject)
    uow.journal(Entry("unit", str(unit.id), "UnitRegistered", {"version": 1}, basis=basis, published=published))
    return unit
