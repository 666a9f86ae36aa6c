"""Intake's table of contents: every use case, built with its adapters."""

from dataclasses import dataclass

import gf_policy
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.runtime import ServiceRuntime
from gf_intake.adapters.evidence_store import EvidenceStore
from gf_intake.adapters.policies import Policies
from gf_intake.entrypoints.consumers import subscriptions
from gf_intake.settings import Settings
from gf_intake.usecases.announce_campaign import AnnounceCampaign
from gf_intake.usecases.change_profile import ChangeProfile
from gf_intake.usecases.close_campaigns import CloseCampaigns
from gf_intake.usecases.create_submission import CreateSubmission
from gf_intake.usecases.delete_draft import DeleteDraft
from gf_intake.usecases.drop_overdue import DropOverdue
from gf_intake.usecases.give_up import GiveUp
from gf_intake.usecases.import_units import ImportUnits
from gf_intake.usecases.open_campaign import OpenCampaign
from gf_intake.usecases.open_evidence import OpenEvidence
from gf_intake.usecases.register_unit import RegisterUnit
from gf_intake.usecases.remove_evidence import RemoveEvidence
from gf_intake.usecases.request_withdrawal import RequestWithdrawal
from gf_intake.usecases.save_draft import SaveDraft
from gf_intake.usecases.set_date import SetDate
from gf_intake.usecases.store_evidence import StoreEvidence
from gf_intake.usecases.submit_for_partner import SubmitForPartner
from gf_intake.usecases.submit_submission import SubmitSubmission


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Everything intake can do."""

    settings: Settings
    runtime: ServiceRuntime
    database: Database
    policies: Policies
    evidence: EvidenceStore
    # units
    register_unit: RegisterUnit
    change_profile: ChangeProfile
    import_units: ImportUnits
    # campaigns
    announce_campaign: AnnounceCampaign
    open_campaign: OpenCampaign
    set_date: SetDate
    close_campaigns: CloseCampaigns
    # submissions
    create_submission: CreateSubmission
    save_draft: SaveDraft
    delete_draft: DeleteDraft
    submit_submission: SubmitSubmission
    submit_for_partner: SubmitForPartner
    request_withdrawal: RequestWithdrawal
    give_up: GiveUp
    drop_overdue: DropOverdue
    # evidence
    store_evidence: StoreEvidence
    remove_evidence: RemoveEvidence
    open_evidence: OpenEvidence


def bootstrap(settings: Settings, *, clock: Clock | None = None, book: gf_policy.Book | None = None) -> Bootstrap:
    """Build intake; `book` spares tests the loading of the policies."""
    clock = clock or Clock()
    database = Database(settings.database, clock)
    policies = Policies(book or gf_policy.load(settings.policies_dir))
    store = EvidenceStore(settings.evidence_url, settings.evidence_max_bytes, settings.object_store)
    close_campaigns = CloseCampaigns(database, policies)
    drop_overdue = DropOverdue(database)
    submit_for_partner = SubmitForPartner(database, policies)
    runtime = ServiceRuntime(
        name="intake",
        settings=settings,
        database=database,
        clock=clock,
        subscriptions=subscriptions(),
        ticks=[close_campaigns, drop_overdue],
        package="gf_intake",
        on_stop=[database.close, submit_for_partner.batcher.close],
    )
    return Bootstrap(
        settings=settings,
        runtime=runtime,
        database=database,
        policies=policies,
        evidence=store,
        register_unit=RegisterUnit(database, policies),
        change_profile=ChangeProfile(database, policies),
        import_units=ImportUnits(database, policies),
        announce_campaign=AnnounceCampaign(database, policies),
        open_campaign=OpenCampaign(database, policies),
        set_date=SetDate(database, policies),
        close_campaigns=close_campaigns,
        create_submission=CreateSubmission(database, policies),
        save_draft=SaveDraft(database, policies),
        delete_draft=DeleteDraft(database, policies),
        submit_submission=SubmitSubmission(database, policies),
        submit_for_partner=submit_for_partner,
        request_withdrawal=RequestWithdrawal(database, policies),
        give_up=GiveUp(database, policies),
        drop_overdue=drop_overdue,
        store_evidence=StoreEvidence(database, policies, store),
        remove_evidence=RemoveEvidence(database, policies),
        open_evidence=OpenEvidence(database, policies),
    )
