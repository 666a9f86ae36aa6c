"""修改单位信息: a new version of the profile; the superior only while nothing is under review (DM-superior)."""

from dataclasses import dataclass
from uuid import UUID

from gf_chassis.clock import SHANGHAI
from gf_chassis.database import Database
from gf_chassis.errors import Forbidden, Stale
from gf_chassis.http import etag
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry, EventPosition
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies, require_uscc
from gf_intake.adapters.repository import Repository
from gf_intake.domain.units import Profile, Unit
from gf_intake.usecases.access import own_unit, partner_of


@dataclass(frozen=True, slots=True)
class ChangeProfile:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self, principal: Principal, unit_id: UUID, profile: Profile, seen_version: int
    ) -> tuple[Unit, list[EventPosition]]:
        async with self.database.unit_of_work(principal.actor()) as uow:
            repository = Repository(uow.session)
            unit = await own_unit(repository, principal, unit_id, self.policies, lock=True)
            if unit.version != seen_version:
                raise Stale(current=etag(unit.version))
            self._stays_mine(principal, unit, profile)
            if profile.uscc is not None:
                require_uscc(profile.uscc)
            now = await uow.now()
            unit.change_profile(
                profile,
                self.policies.codes,
                in_review=await repository.has_submission_in_review(unit_id),
                today=now.astimezone(SHANGHAI).date(),
            )
            published = contracts.unit_changed(unit)
            await repository.save_unit(unit, now, uow.actor.subject)
            data = {"version": unit.version}
            uow.journal(Entry("unit", str(unit.id), "ProfileChanged", data, basis="DM-superior", published=published))
            await uow.commit()
            return unit, uow.positions

    def _stays_mine(self, principal: Principal, unit: Unit, profile: Profile) -> None:
        """Nobody writes a unit out of (or into) his own reach by changing its profile."""
        if principal.has("applicant") and unit.profile.uscc == principal.org:
            if profile.uscc != principal.org:
                raise Forbidden("统一社会信用代码变更须由主管部门办理。", rule="GD-23")
        elif not partner_of(principal, profile.superior, self.policies):
            raise Forbidden("上级主管部门不在本平台范围内。", rule="used-by")
