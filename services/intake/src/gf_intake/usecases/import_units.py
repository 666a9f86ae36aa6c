"""导入存量单位: the units of existing lists, brought in by a registrar for its own area."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.errors import DomainError, FieldError
from gf_intake.domain.units import Profile
from gf_intake.usecases.register_unit import register


@dataclass(frozen=True, slots=True)
class ImportUnits:
    """Use case. All lines or none; a unit that is there already (code and category) is left as it is."""

    database: Database
    policies: Policies

    async def __call__(
        self, principal: Principal, document: str, units: Sequence[tuple[str, Profile]], once: Once
    ) -> dict[str, Any]:
        principal.require("registrar")
        below = self.policies.area(principal.authority)
        done: list[dict[str, Any]] = []
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            for index, (category, profile) in enumerate(units):
                if profile.superior not in below:
                    raise NotFound
                existing = await repository.units_by_uscc(profile.uscc, category) if profile.uscc else []
                if existing:
                    done.append({"unit_id": str(existing[0].id), "existing": True})
                    continue
                try:
                    unit = await register(uow, self.policies, category, profile, basis=document)
                except DomainError as error:
                    raise _at_line(error, index) from None
                done.append({"unit_id": str(unit.id), "existing": False})
            result = {"items": done}
            await once.keep(uow, result)
            await uow.commit()
            return result


def _at_line(error: DomainError, index: int) -> DomainError:
    """Point into the list that was sent."""
    error.errors = tuple(
        FieldError(f"/units/{index}{problem.pointer}", problem.code, problem.detail) for problem in error.errors
    )
    error.detail = f"第{index + 1}行:{error.detail}"
    return error
