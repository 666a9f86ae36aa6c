import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from greenladder.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CaseState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_STATE_UNSPECIFIED: _ClassVar[CaseState]
    CASE_STATE_OPEN: _ClassVar[CaseState]
    CASE_STATE_WITHDRAWN: _ClassVar[CaseState]
    CASE_STATE_RETURNED: _ClassVar[CaseState]
    CASE_STATE_CLOSED: _ClassVar[CaseState]

class StageState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_STATE_UNSPECIFIED: _ClassVar[StageState]
    STAGE_STATE_NOT_APPLICABLE: _ClassVar[StageState]
    STAGE_STATE_NOT_STARTED: _ClassVar[StageState]
    STAGE_STATE_IN_REVIEW: _ClassVar[StageState]
    STAGE_STATE_PASSED: _ClassVar[StageState]
    STAGE_STATE_RETURNED: _ClassVar[StageState]
    STAGE_STATE_REFUSED: _ClassVar[StageState]

class CaseOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_OUTCOME_UNSPECIFIED: _ClassVar[CaseOutcome]
    CASE_OUTCOME_APPROVED: _ClassVar[CaseOutcome]
    CASE_OUTCOME_REFUSED: _ClassVar[CaseOutcome]
    CASE_OUTCOME_CANCELLED: _ClassVar[CaseOutcome]
    CASE_OUTCOME_DROPPED: _ClassVar[CaseOutcome]

class ListingVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LISTING_VERDICT_UNSPECIFIED: _ClassVar[ListingVerdict]
    LISTING_VERDICT_LIST: _ClassVar[ListingVerdict]
    LISTING_VERDICT_NOT_LIST: _ClassVar[ListingVerdict]
CASE_STATE_UNSPECIFIED: CaseState
CASE_STATE_OPEN: CaseState
CASE_STATE_WITHDRAWN: CaseState
CASE_STATE_RETURNED: CaseState
CASE_STATE_CLOSED: CaseState
STAGE_STATE_UNSPECIFIED: StageState
STAGE_STATE_NOT_APPLICABLE: StageState
STAGE_STATE_NOT_STARTED: StageState
STAGE_STATE_IN_REVIEW: StageState
STAGE_STATE_PASSED: StageState
STAGE_STATE_RETURNED: StageState
STAGE_STATE_REFUSED: StageState
CASE_OUTCOME_UNSPECIFIED: CaseOutcome
CASE_OUTCOME_APPROVED: CaseOutcome
CASE_OUTCOME_REFUSED: CaseOutcome
CASE_OUTCOME_CANCELLED: CaseOutcome
CASE_OUTCOME_DROPPED: CaseOutcome
LISTING_VERDICT_UNSPECIFIED: ListingVerdict
LISTING_VERDICT_LIST: ListingVerdict
LISTING_VERDICT_NOT_LIST: ListingVerdict

class Stage(_message.Message):
    __slots__ = ("stage_no", "level", "authority", "state", "reason", "substates", "decided_at")
    STAGE_NO_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SUBSTATES_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    stage_no: int
    level: str
    authority: str
    state: StageState
    reason: str
    substates: _containers.RepeatedScalarFieldContainer[str]
    decided_at: _timestamp_pb2.Timestamp
    def __init__(self, stage_no: _Optional[int] = ..., level: _Optional[str] = ..., authority: _Optional[str] = ..., state: _Optional[_Union[StageState, str]] = ..., reason: _Optional[str] = ..., substates: _Optional[_Iterable[str]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CaseProgressed(_message.Message):
    __slots__ = ("submission_id", "round", "state", "stages", "case_version", "unit_id", "campaign_id")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    CASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    state: CaseState
    stages: _containers.RepeatedCompositeFieldContainer[Stage]
    case_version: int
    unit_id: str
    campaign_id: str
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., state: _Optional[_Union[CaseState, str]] = ..., stages: _Optional[_Iterable[_Union[Stage, _Mapping]]] = ..., case_version: _Optional[int] = ..., unit_id: _Optional[str] = ..., campaign_id: _Optional[str] = ...) -> None: ...

class Mark(_message.Message):
    __slots__ = ("indicator", "points", "reason")
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    indicator: str
    points: str
    reason: str
    def __init__(self, indicator: _Optional[str] = ..., points: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AssessmentRecorded(_message.Message):
    __slots__ = ("submission_id", "round", "stage_no", "industry_ruling", "marks", "person", "reason", "recorded_at")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    STAGE_NO_FIELD_NUMBER: _ClassVar[int]
    INDUSTRY_RULING_FIELD_NUMBER: _ClassVar[int]
    MARKS_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    stage_no: int
    industry_ruling: str
    marks: _containers.RepeatedCompositeFieldContainer[Mark]
    person: str
    reason: str
    recorded_at: _timestamp_pb2.Timestamp
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., stage_no: _Optional[int] = ..., industry_ruling: _Optional[str] = ..., marks: _Optional[_Iterable[_Union[Mark, _Mapping]]] = ..., person: _Optional[str] = ..., reason: _Optional[str] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CaseReturned(_message.Message):
    __slots__ = ("submission_id", "round", "stage_no", "findings", "reason", "term_ends_at")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    STAGE_NO_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TERM_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    stage_no: int
    findings: _containers.RepeatedCompositeFieldContainer[_common_pb2.Finding]
    reason: str
    term_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., stage_no: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[_common_pb2.Finding, _Mapping]]] = ..., reason: _Optional[str] = ..., term_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WithdrawalAnswered(_message.Message):
    __slots__ = ("submission_id", "round", "granted", "reason")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    granted: bool
    reason: str
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., granted: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class ListingDecided(_message.Message):
    __slots__ = ("submission_id", "round", "stage_no", "list_id", "verdict", "grade", "sheet_revision", "publicity_id", "unit_id", "campaign_id", "year", "reason")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    STAGE_NO_FIELD_NUMBER: _ClassVar[int]
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    SHEET_REVISION_FIELD_NUMBER: _ClassVar[int]
    PUBLICITY_ID_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    stage_no: int
    list_id: str
    verdict: ListingVerdict
    grade: str
    sheet_revision: int
    publicity_id: str
    unit_id: str
    campaign_id: str
    year: int
    reason: str
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., stage_no: _Optional[int] = ..., list_id: _Optional[str] = ..., verdict: _Optional[_Union[ListingVerdict, str]] = ..., grade: _Optional[str] = ..., sheet_revision: _Optional[int] = ..., publicity_id: _Optional[str] = ..., unit_id: _Optional[str] = ..., campaign_id: _Optional[str] = ..., year: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class CaseClosed(_message.Message):
    __slots__ = ("submission_id", "round", "outcome", "ground", "article", "unit_id", "campaign_id", "reason")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    outcome: CaseOutcome
    ground: str
    article: str
    unit_id: str
    campaign_id: str
    reason: str
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., outcome: _Optional[_Union[CaseOutcome, str]] = ..., ground: _Optional[str] = ..., article: _Optional[str] = ..., unit_id: _Optional[str] = ..., campaign_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
