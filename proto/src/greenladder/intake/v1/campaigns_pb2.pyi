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

class CampaignState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAMPAIGN_STATE_UNSPECIFIED: _ClassVar[CampaignState]
    CAMPAIGN_STATE_ANNOUNCED: _ClassVar[CampaignState]
    CAMPAIGN_STATE_OPEN: _ClassVar[CampaignState]
    CAMPAIGN_STATE_CLOSED: _ClassVar[CampaignState]
CAMPAIGN_STATE_UNSPECIFIED: CampaignState
CAMPAIGN_STATE_ANNOUNCED: CampaignState
CAMPAIGN_STATE_OPEN: CampaignState
CAMPAIGN_STATE_CLOSED: CampaignState

class Extension(_message.Message):
    __slots__ = ("act", "authority", "closes_at", "document", "person")
    ACT_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    CLOSES_AT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    act: str
    authority: str
    closes_at: _timestamp_pb2.Timestamp
    document: str
    person: str
    def __init__(self, act: _Optional[str] = ..., authority: _Optional[str] = ..., closes_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., document: _Optional[str] = ..., person: _Optional[str] = ...) -> None: ...

class CampaignChanged(_message.Message):
    __slots__ = ("campaign_id", "state", "name", "year", "categories", "kinds", "policies", "windows", "extensions", "owner")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    state: CampaignState
    name: str
    year: int
    categories: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    policies: _containers.RepeatedCompositeFieldContainer[_common_pb2.PolicyRef]
    windows: _containers.RepeatedCompositeFieldContainer[_common_pb2.Window]
    extensions: _containers.RepeatedCompositeFieldContainer[Extension]
    owner: str
    def __init__(self, campaign_id: _Optional[str] = ..., state: _Optional[_Union[CampaignState, str]] = ..., name: _Optional[str] = ..., year: _Optional[int] = ..., categories: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[str]] = ..., policies: _Optional[_Iterable[_Union[_common_pb2.PolicyRef, _Mapping]]] = ..., windows: _Optional[_Iterable[_Union[_common_pb2.Window, _Mapping]]] = ..., extensions: _Optional[_Iterable[_Union[Extension, _Mapping]]] = ..., owner: _Optional[str] = ...) -> None: ...

class ControlTotal(_message.Message):
    __slots__ = ("kind", "authority", "admitted", "digest")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    kind: str
    authority: str
    admitted: int
    digest: str
    def __init__(self, kind: _Optional[str] = ..., authority: _Optional[str] = ..., admitted: _Optional[int] = ..., digest: _Optional[str] = ...) -> None: ...

class CampaignClosed(_message.Message):
    __slots__ = ("campaign_id", "totals")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    totals: _containers.RepeatedCompositeFieldContainer[ControlTotal]
    def __init__(self, campaign_id: _Optional[str] = ..., totals: _Optional[_Iterable[_Union[ControlTotal, _Mapping]]] = ...) -> None: ...
