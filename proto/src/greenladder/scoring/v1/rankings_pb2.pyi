import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UnitRanked(_message.Message):
    __slots__ = ("run_id", "unit_id", "year", "points", "place", "band", "bottom", "streak", "warned", "removal_due", "list_id", "category", "industry_place", "industry_count")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    STREAK_FIELD_NUMBER: _ClassVar[int]
    WARNED_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_DUE_FIELD_NUMBER: _ClassVar[int]
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    INDUSTRY_PLACE_FIELD_NUMBER: _ClassVar[int]
    INDUSTRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    unit_id: str
    year: int
    points: str
    place: int
    band: str
    bottom: bool
    streak: int
    warned: bool
    removal_due: bool
    list_id: str
    category: str
    industry_place: int
    industry_count: int
    def __init__(self, run_id: _Optional[str] = ..., unit_id: _Optional[str] = ..., year: _Optional[int] = ..., points: _Optional[str] = ..., place: _Optional[int] = ..., band: _Optional[str] = ..., bottom: _Optional[bool] = ..., streak: _Optional[int] = ..., warned: _Optional[bool] = ..., removal_due: _Optional[bool] = ..., list_id: _Optional[str] = ..., category: _Optional[str] = ..., industry_place: _Optional[int] = ..., industry_count: _Optional[int] = ...) -> None: ...

class Average(_message.Message):
    __slots__ = ("authority", "category", "points", "count")
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    authority: str
    category: str
    points: str
    count: int
    def __init__(self, authority: _Optional[str] = ..., category: _Optional[str] = ..., points: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class RankingClosed(_message.Message):
    __slots__ = ("run_id", "year", "count", "digest", "population_at", "averages", "list_id", "category", "rules_id", "rules_hash", "supersedes")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    POPULATION_AT_FIELD_NUMBER: _ClassVar[int]
    AVERAGES_FIELD_NUMBER: _ClassVar[int]
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    RULES_ID_FIELD_NUMBER: _ClassVar[int]
    RULES_HASH_FIELD_NUMBER: _ClassVar[int]
    SUPERSEDES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    year: int
    count: int
    digest: str
    population_at: _timestamp_pb2.Timestamp
    averages: _containers.RepeatedCompositeFieldContainer[Average]
    list_id: str
    category: str
    rules_id: str
    rules_hash: str
    supersedes: str
    def __init__(self, run_id: _Optional[str] = ..., year: _Optional[int] = ..., count: _Optional[int] = ..., digest: _Optional[str] = ..., population_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., averages: _Optional[_Iterable[_Union[Average, _Mapping]]] = ..., list_id: _Optional[str] = ..., category: _Optional[str] = ..., rules_id: _Optional[str] = ..., rules_hash: _Optional[str] = ..., supersedes: _Optional[str] = ...) -> None: ...
