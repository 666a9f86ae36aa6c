import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PublicityState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLICITY_STATE_UNSPECIFIED: _ClassVar[PublicityState]
    PUBLICITY_STATE_DRAFTED: _ClassVar[PublicityState]
    PUBLICITY_STATE_OPEN: _ClassVar[PublicityState]
    PUBLICITY_STATE_CLOSED: _ClassVar[PublicityState]

class EntryState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_STATE_UNSPECIFIED: _ClassVar[EntryState]
    ENTRY_STATE_CLEAR: _ClassVar[EntryState]
    ENTRY_STATE_OBJECTED: _ClassVar[EntryState]
    ENTRY_STATE_UPHELD: _ClassVar[EntryState]
    ENTRY_STATE_DISMISSED: _ClassVar[EntryState]
PUBLICITY_STATE_UNSPECIFIED: PublicityState
PUBLICITY_STATE_DRAFTED: PublicityState
PUBLICITY_STATE_OPEN: PublicityState
PUBLICITY_STATE_CLOSED: PublicityState
ENTRY_STATE_UNSPECIFIED: EntryState
ENTRY_STATE_CLEAR: EntryState
ENTRY_STATE_OBJECTED: EntryState
ENTRY_STATE_UPHELD: EntryState
ENTRY_STATE_DISMISSED: EntryState

class Entry(_message.Message):
    __slots__ = ("submission_id", "unit_id", "name", "state")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    unit_id: str
    name: str
    state: EntryState
    def __init__(self, submission_id: _Optional[str] = ..., unit_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[EntryState, str]] = ...) -> None: ...

class PublicityChanged(_message.Message):
    __slots__ = ("publicity_id", "list_id", "state", "until", "entries", "working_days", "provisional", "campaign_id")
    PUBLICITY_ID_FIELD_NUMBER: _ClassVar[int]
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    WORKING_DAYS_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    publicity_id: str
    list_id: str
    state: PublicityState
    until: _timestamp_pb2.Timestamp
    entries: _containers.RepeatedCompositeFieldContainer[Entry]
    working_days: int
    provisional: bool
    campaign_id: str
    def __init__(self, publicity_id: _Optional[str] = ..., list_id: _Optional[str] = ..., state: _Optional[_Union[PublicityState, str]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ..., working_days: _Optional[int] = ..., provisional: _Optional[bool] = ..., campaign_id: _Optional[str] = ...) -> None: ...
