"""The table of contents of review: every use case, built with its adapters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from obstore.store import LocalStore, from_url

import gf_policy
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.runtime import ServiceRuntime
from gf_review.adapters.batch_queries import BatchQueries
from gf_review.adapters.files import Files
from gf_review.adapters.policy import Policies
from gf_review.adapters.queries import Queries
from gf_review.adapters.queue import Queue
from gf_review.entrypoints.consumers import Consumers
from gf_review.settings import Settings
from gf_review.usecases.add_to_recommendation import AddToRecommendation
from gf_review.usecases.answer_consultation import AnswerConsultation
from gf_review.usecases.answer_withdrawal import AnswerWithdrawal
from gf_review.usecases.apply_bar import ApplyBar
from gf_review.usecases.ask_consultation import AskConsultation
from gf_review.usecases.assign_cases import AssignCases
from gf_review.usecases.attach_recommendation_document import AttachRecommendationDocument
from gf_review.usecases.attach_sheet import AttachSheet
from gf_review.usecases.close_publicities import ClosePublicities
from gf_review.usecases.decide_stage import DecideStage
from gf_review.usecases.dissolve_recommendation import DissolveRecommendation
from gf_review.usecases.drop_case import DropCase
from gf_review.usecases.give_reason import GiveReason
from gf_review.usecases.keep_reference import KeepReference
from gf_review.usecases.note_official import NoteOfficial
from gf_review.usecases.open_case import OpenCase
from gf_review.usecases.open_publicity import OpenPublicity
from gf_review.usecases.raise_objection import RaiseObjection
from gf_review.usecases.record_expert_review import RecordExpertReview
from gf_review.usecases.record_findings import RecordFindings
from gf_review.usecases.record_marks import RecordMarks
from gf_review.usecases.remove_from_recommendation import RemoveFromRecommendation
from gf_review.usecases.seal_recommendation import SealRecommendation
from gf_review.usecases.send_recommendation import SendRecommendation
from gf_review.usecases.settle_objection import SettleObjection
from gf_review.usecases.start_recommendation import StartRecommendation
from gf_review.usecases.upload_document import UploadDocument


@dataclass(frozen=True)
class Bootstrap:
    settings: Settings
    runtime: ServiceRuntime
    policies: Policies
    files: Files
    queries: Queries
    queue: Queue
    batch_queries: BatchQueries
    # events
    open_case: OpenCase
    answer_withdrawal: AnswerWithdrawal
    drop_case: DropCase
    attach_sheet: AttachSheet
    apply_bar: ApplyBar
    keep_reference: KeepReference
    # records of a stage
    record_findings: RecordFindings
    record_marks: RecordMarks
    ask_consultation: AskConsultation
    answer_consultation: AnswerConsultation
    record_expert_review: RecordExpertReview
    give_reason: GiveReason
    upload_document: UploadDocument
    # the queue
    note_official: NoteOfficial
    assign_cases: AssignCases
    # decisions
    decide_stage: DecideStage
    # batches
    start_recommendation: StartRecommendation
    add_to_recommendation: AddToRecommendation
    remove_from_recommendation: RemoveFromRecommendation
    attach_recommendation_document: AttachRecommendationDocument
    seal_recommendation: SealRecommendation
    send_recommendation: SendRecommendation
    dissolve_recommendation: DissolveRecommendation
    # publicity
    open_publicity: OpenPublicity
    raise_objection: RaiseObjection
    settle_objection: SettleObjection
    close_publicities: ClosePublicities


def bootstrap(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    book: gf_policy.Book | None = None,
    policies: Policies | None = None,
) -> Bootstrap:
    settings = settings or Settings.read()
    clock = clock or Clock()
    database = Database(settings.database, clock)
    policies = policies or Policies(book or gf_policy.load(settings.policies_dir))
    files = Files(_store(settings))
    consumers = Consumers(
        OpenCase(policies), AnswerWithdrawal(), DropCase(), AttachSheet(policies), ApplyBar(), KeepReference()
    )
    close_publicities = ClosePublicities(database)

    async def tick(now: datetime) -> None:
        await close_publicities(now)

    runtime = ServiceRuntime(
        name="review",
        settings=settings,
        database=database,
        clock=clock,
        subscriptions=consumers.subscriptions(),
        ticks=[tick],
        on_stop=[database.close],
    )
    case, batch, public = (database, policies), (database, policies), (database, policies)
    return Bootstrap(
        settings=settings,
        runtime=runtime,
        policies=policies,
        files=files,
        queries=Queries(database, policies),
        queue=Queue(database, policies),
        batch_queries=BatchQueries(database, policies),
        open_case=consumers.open_case,
        answer_withdrawal=consumers.answer_withdrawal,
        drop_case=consumers.drop_case,
        attach_sheet=consumers.attach_sheet,
        apply_bar=consumers.apply_bar,
        keep_reference=consumers.keep_reference,
        record_findings=RecordFindings(*case),
        record_marks=RecordMarks(*case),
        ask_consultation=AskConsultation(*case),
        answer_consultation=AnswerConsultation(*case),
        record_expert_review=RecordExpertReview(*case),
        give_reason=GiveReason(*case),
        upload_document=UploadDocument(*case, files),
        note_official=NoteOfficial(database),
        assign_cases=AssignCases(database),
        decide_stage=DecideStage(*case),
        start_recommendation=StartRecommendation(database),
        add_to_recommendation=AddToRecommendation(*batch),
        remove_from_recommendation=RemoveFromRecommendation(*batch),
        attach_recommendation_document=AttachRecommendationDocument(*batch, files),
        seal_recommendation=SealRecommendation(*batch),
        send_recommendation=SendRecommendation(*batch),
        dissolve_recommendation=DissolveRecommendation(*batch),
        open_publicity=OpenPublicity(*public),
        raise_objection=RaiseObjection(*public),
        settle_objection=SettleObjection(*public),
        close_publicities=close_publicities,
    )


def _store(settings: Settings):  # type: ignore[no-untyped-def]
    """A folder by default, any object store by its address."""
    if settings.documents_url:
        return from_url(settings.documents_url, **settings.object_store)
    return LocalStore(settings.documents_dir, mkdir=True)
