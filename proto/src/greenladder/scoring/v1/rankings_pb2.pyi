import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UnitRanked(_message.Message):
    __slots__ = ("run_id", "unit_id", "year", "points", "place", "band", "bottom", "streak")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    STREAK_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    unit_id: str
    year: int
    points: str
    place: int
    band: str
    bottom: bool
    streak: int
    def __init__(self, run_id: _Optional[str] = ..., unit_id: _Optional[str] = ..., year: _Optional[int] = ..., points: _Optional[str] = ..., place: _Optional[int] = ..., band: _Optional[str] = ..., bottom: _Optional[bool] = ..., streak: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("run_id", "year", "count", "digest", "population_at", "averages")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    POPULATION_AT_FIELD_NUMBER: _ClassVar[int]
    AVERAGES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    year: int
    count: int
    digest: str
    population_at: _timestamp_pb2.Timestamp
    averages: _containers.RepeatedCompositeFieldContainer[Average]
    def __init__(self, run_id: _Optional[str] = ..., year: _Optional[int] = ..., count: _Optional[int] = ..., digest: _Optional[str] = ..., population_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., averages: _Optional[_Iterable[_Union[Average, _Mapping]]] = ...) -> None: ...
