"""The table of contents of scoring: every use case, built with its adapters."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

import gf_policy
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.runtime import ServiceRuntime
from gf_policy.ranking import RankingTable, load_rankings
from gf_policy.rulesets import RulesetTable
from gf_scoring.adapters.contracts import Publisher
from gf_scoring.adapters.rulebook import Rulebook
from gf_scoring.adapters.versions import Versions
from gf_scoring.entrypoints.consumers import subscriptions
from gf_scoring.settings import Settings
from gf_scoring.usecases.append_revision import AppendRevision
from gf_scoring.usecases.close_ranking import CloseRanking
from gf_scoring.usecases.create_benchmark_set import CreateBenchmarkSet
from gf_scoring.usecases.drop_rescoring import DropRescoring
from gf_scoring.usecases.find_average import FindAverage
from gf_scoring.usecases.find_rankings import FindRankings
from gf_scoring.usecases.find_rescorings import FindRescorings
from gf_scoring.usecases.find_sheets import FindSheets, superiors
from gf_scoring.usecases.publish_benchmark_set import PublishBenchmarkSet
from gf_scoring.usecases.publish_ranking import PublishRanking, SendRanking
from gf_scoring.usecases.reassess_submission import ReassessSubmission
from gf_scoring.usecases.rescore_population import RescorePopulation
from gf_scoring.usecases.rescore_submission import RescoreSubmission
from gf_scoring.usecases.score_submissions import ScoreSubmissions
from gf_scoring.usecases.start_ranking import StartRanking
from gf_scoring.usecases.start_rescoring import StartRescoring
from gf_scoring.usecases.switch_ruleset import AppendRescored, SwitchRuleset
from gf_scoring.usecases.try_changes import TryChanges
from gf_scoring.usecases.verify_sheet import VerifySheet

_log = structlog.get_logger()


@dataclass
class Bootstrap:
    runtime: ServiceRuntime
    database: Database
    book: gf_policy.Book
    rulesets: RulesetTable
    rankings: RankingTable
    versions: Versions

    # what scoring does
    score_submissions: ScoreSubmissions
    reassess_submission: ReassessSubmission
    rescore_submission: RescoreSubmission
    create_benchmark_set: CreateBenchmarkSet
    publish_benchmark_set: PublishBenchmarkSet
    start_ranking: StartRanking
    close_ranking: CloseRanking
    publish_ranking: PublishRanking
    send_ranking: SendRanking
    start_rescoring: StartRescoring
    rescore_population: RescorePopulation
    switch_ruleset: SwitchRuleset
    append_rescored: AppendRescored
    drop_rescoring: DropRescoring

    # what it answers
    find_sheets: FindSheets
    try_changes: TryChanges
    find_average: FindAverage
    find_rankings: FindRankings
    find_rescorings: FindRescorings
    verify_sheet: VerifySheet

    def superiors(self, authority: str) -> tuple[str, ...]:
        """The authority and all above it."""
        return superiors(self.book.authorities, authority)


def bootstrap(settings: Settings, *, clock: Clock | None = None, book: gf_policy.Book | None = None) -> Bootstrap:
    clock = clock or Clock()
    book = book or gf_policy.load(settings.policies_dir)
    for fault in book.rulesets.faults:
        _log.error("ruleset left out", file=fault.file, line=fault.line, reason=fault.reason)
    database = Database(settings.database, clock)
    versions = Versions(book)
    rulebook, publisher = Rulebook(book.rulesets, versions), Publisher()
    append = AppendRevision(rulebook, publisher)
    score, reassess = ScoreSubmissions(rulebook, publisher), ReassessSubmission(append)
    rankings = load_rankings(book.root)
    close, send = CloseRanking(database, book.authorities), SendRanking(database)
    population = RescorePopulation(database, rulebook, versions, rankings)
    append_rescored = AppendRescored(database, rulebook, publisher)
    find_sheets = FindSheets(database, book.authorities, versions)
    return Bootstrap(
        runtime=ServiceRuntime(
            name="scoring",
            settings=settings,
            database=database,
            clock=clock,
            subscriptions=subscriptions(score, reassess),
            ticks=[close.tick, send, population.tick, append_rescored.tick],
        ),
        database=database,
        book=book,
        rulesets=book.rulesets,
        rankings=rankings,
        versions=versions,
        score_submissions=score,
        reassess_submission=reassess,
        rescore_submission=RescoreSubmission(database, append, book.authorities),
        create_benchmark_set=CreateBenchmarkSet(database, book.rulesets, book.industries),
        publish_benchmark_set=PublishBenchmarkSet(database),
        start_ranking=StartRanking(database, rankings),
        close_ranking=close,
        publish_ranking=PublishRanking(database),
        send_ranking=send,
        start_rescoring=StartRescoring(database, book),
        rescore_population=population,
        switch_ruleset=SwitchRuleset(database, book),
        append_rescored=append_rescored,
        drop_rescoring=DropRescoring(database),
        find_sheets=find_sheets,
        try_changes=TryChanges(find_sheets, versions),
        find_average=FindAverage(database, book.authorities),
        find_rankings=FindRankings(database, book.authorities),
        find_rescorings=FindRescorings(database, book.authorities),
        verify_sheet=VerifySheet(book.rulesets),
    )
