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

class DropReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DROP_REASON_UNSPECIFIED: _ClassVar[DropReason]
    DROP_REASON_GIVEN_UP: _ClassVar[DropReason]
    DROP_REASON_TERM_OVER: _ClassVar[DropReason]
DROP_REASON_UNSPECIFIED: DropReason
DROP_REASON_GIVEN_UP: DropReason
DROP_REASON_TERM_OVER: DropReason

class SubmissionAdmitted(_message.Message):
    __slots__ = ("submission_id", "round", "unit", "campaign_id", "kind", "year", "form", "policies", "admitted_at", "content_hash", "facts", "warnings", "evidence", "agency_id", "number")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_AT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    AGENCY_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    unit: _common_pb2.UnitSnapshot
    campaign_id: str
    kind: str
    year: int
    form: str
    policies: _containers.RepeatedCompositeFieldContainer[_common_pb2.PolicyRef]
    admitted_at: _timestamp_pb2.Timestamp
    content_hash: str
    facts: _containers.RepeatedCompositeFieldContainer[_common_pb2.Fact]
    warnings: _containers.RepeatedCompositeFieldContainer[_common_pb2.Warning]
    evidence: _containers.RepeatedCompositeFieldContainer[_common_pb2.EvidenceRef]
    agency_id: str
    number: str
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., unit: _Optional[_Union[_common_pb2.UnitSnapshot, _Mapping]] = ..., campaign_id: _Optional[str] = ..., kind: _Optional[str] = ..., year: _Optional[int] = ..., form: _Optional[str] = ..., policies: _Optional[_Iterable[_Union[_common_pb2.PolicyRef, _Mapping]]] = ..., admitted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., content_hash: _Optional[str] = ..., facts: _Optional[_Iterable[_Union[_common_pb2.Fact, _Mapping]]] = ..., warnings: _Optional[_Iterable[_Union[_common_pb2.Warning, _Mapping]]] = ..., evidence: _Optional[_Iterable[_Union[_common_pb2.EvidenceRef, _Mapping]]] = ..., agency_id: _Optional[str] = ..., number: _Optional[str] = ...) -> None: ...

class WithdrawalRequested(_message.Message):
    __slots__ = ("submission_id", "round", "reason")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    reason: str
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class SubmissionDropped(_message.Message):
    __slots__ = ("submission_id", "round", "reason")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    reason: DropReason
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., reason: _Optional[_Union[DropReason, str]] = ...) -> None: ...
