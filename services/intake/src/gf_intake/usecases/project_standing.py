"""Projection of registry's topics: memberships, bars, agencies, editions; also of units intake does not know yet."""

from gf_chassis.database import UnitOfWork
from gf_intake.adapters.tables import AgencyRow, BarRow, EditionRow, MembershipRow


async def project_membership(uow: UnitOfWork, row: MembershipRow) -> None:
    """The latest word on (unit, list): listing again is a new membership, and takes its place here.

    A refusal ends the membership it names (decided, but a bar came before the edition); it does not touch another one.
    """
    known = await uow.session.get(MembershipRow, (row.unit_id, row.list_id))
    if row.state == "refused" and known is not None and known.membership_id != row.membership_id:
        return
    await uow.session.merge(row)


async def project_bar(uow: UnitOfWork, row: BarRow) -> None:
    await uow.session.merge(row)


async def project_agency(uow: UnitOfWork, row: AgencyRow) -> None:
    await uow.session.merge(row)


async def project_edition(uow: UnitOfWork, row: EditionRow) -> None:
    await uow.session.merge(row)
