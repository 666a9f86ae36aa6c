import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MembershipState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEMBERSHIP_STATE_UNSPECIFIED: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_LISTED: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_REMOVED: _ClassVar[MembershipState]
    MEMBERSHIP_STATE_REFUSED: _ClassVar[MembershipState]

class BarState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BAR_STATE_UNSPECIFIED: _ClassVar[BarState]
    BAR_STATE_IN_FORCE: _ClassVar[BarState]
    BAR_STATE_EXPIRED: _ClassVar[BarState]
    BAR_STATE_LIFTED: _ClassVar[BarState]

class ObligationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBLIGATION_STATE_UNSPECIFIED: _ClassVar[ObligationState]
    OBLIGATION_STATE_OPEN: _ClassVar[ObligationState]
    OBLIGATION_STATE_FILED: _ClassVar[ObligationState]
    OBLIGATION_STATE_ACCEPTED: _ClassVar[ObligationState]
    OBLIGATION_STATE_OVERDUE: _ClassVar[ObligationState]
    OBLIGATION_STATE_URGED: _ClassVar[ObligationState]
    OBLIGATION_STATE_REFUSED_CONFIRMED: _ClassVar[ObligationState]
    OBLIGATION_STATE_WAIVED: _ClassVar[ObligationState]

class IncidentLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCIDENT_LEVEL_UNSPECIFIED: _ClassVar[IncidentLevel]
    INCIDENT_LEVEL_CITY: _ClassVar[IncidentLevel]
    INCIDENT_LEVEL_PROVINCE: _ClassVar[IncidentLevel]
    INCIDENT_LEVEL_MINISTRY: _ClassVar[IncidentLevel]
MEMBERSHIP_STATE_UNSPECIFIED: MembershipState
MEMBERSHIP_STATE_LISTED: MembershipState
MEMBERSHIP_STATE_REMOVED: MembershipState
MEMBERSHIP_STATE_REFUSED: MembershipState
BAR_STATE_UNSPECIFIED: BarState
BAR_STATE_IN_FORCE: BarState
BAR_STATE_EXPIRED: BarState
BAR_STATE_LIFTED: BarState
OBLIGATION_STATE_UNSPECIFIED: ObligationState
OBLIGATION_STATE_OPEN: ObligationState
OBLIGATION_STATE_FILED: ObligationState
OBLIGATION_STATE_ACCEPTED: ObligationState
OBLIGATION_STATE_OVERDUE: ObligationState
OBLIGATION_STATE_URGED: ObligationState
OBLIGATION_STATE_REFUSED_CONFIRMED: ObligationState
OBLIGATION_STATE_WAIVED: ObligationState
INCIDENT_LEVEL_UNSPECIFIED: IncidentLevel
INCIDENT_LEVEL_CITY: IncidentLevel
INCIDENT_LEVEL_PROVINCE: IncidentLevel
INCIDENT_LEVEL_MINISTRY: IncidentLevel

class MembershipChanged(_message.Message):
    __slots__ = ("unit_id", "membership_id", "list_id", "state", "ground", "effective", "edition_id", "name_as_listed", "submission_id", "year", "category")
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_ID_FIELD_NUMBER: _ClassVar[int]
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FIELD_NUMBER: _ClassVar[int]
    EDITION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_AS_LISTED_FIELD_NUMBER: _ClassVar[int]
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    unit_id: str
    membership_id: str
    list_id: str
    state: MembershipState
    ground: str
    effective: str
    edition_id: str
    name_as_listed: str
    submission_id: str
    year: int
    category: str
    def __init__(self, unit_id: _Optional[str] = ..., membership_id: _Optional[str] = ..., list_id: _Optional[str] = ..., state: _Optional[_Union[MembershipState, str]] = ..., ground: _Optional[str] = ..., effective: _Optional[str] = ..., edition_id: _Optional[str] = ..., name_as_listed: _Optional[str] = ..., submission_id: _Optional[str] = ..., year: _Optional[int] = ..., category: _Optional[str] = ...) -> None: ...

class BarChanged(_message.Message):
    __slots__ = ("unit_id", "bar_id", "state", "ground", "article", "until", "reason", "source")
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    BAR_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    GROUND_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    unit_id: str
    bar_id: str
    state: BarState
    ground: str
    article: str
    until: str
    reason: str
    source: str
    def __init__(self, unit_id: _Optional[str] = ..., bar_id: _Optional[str] = ..., state: _Optional[_Union[BarState, str]] = ..., ground: _Optional[str] = ..., article: _Optional[str] = ..., until: _Optional[str] = ..., reason: _Optional[str] = ..., source: _Optional[str] = ..., **kwargs) -> None: ...

class ObligationChanged(_message.Message):
    __slots__ = ("unit_id", "obligation_id", "year", "kind", "due", "state")
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    OBLIGATION_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    unit_id: str
    obligation_id: str
    year: int
    kind: str
    due: str
    state: ObligationState
    def __init__(self, unit_id: _Optional[str] = ..., obligation_id: _Optional[str] = ..., year: _Optional[int] = ..., kind: _Optional[str] = ..., due: _Optional[str] = ..., state: _Optional[_Union[ObligationState, str]] = ...) -> None: ...

class IncidentForwarded(_message.Message):
    __slots__ = ("unit_id", "incident_id", "grade", "level", "occurred_at")
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    unit_id: str
    incident_id: str
    grade: str
    level: IncidentLevel
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, unit_id: _Optional[str] = ..., incident_id: _Optional[str] = ..., grade: _Optional[str] = ..., level: _Optional[_Union[IncidentLevel, str]] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
