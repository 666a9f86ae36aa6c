from greenladder.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UnitState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNIT_STATE_UNSPECIFIED: _ClassVar[UnitState]
    UNIT_STATE_ACTIVE: _ClassVar[UnitState]
    UNIT_STATE_MERGED: _ClassVar[UnitState]
    UNIT_STATE_CLOSED: _ClassVar[UnitState]
UNIT_STATE_UNSPECIFIED: UnitState
UNIT_STATE_ACTIVE: UnitState
UNIT_STATE_MERGED: UnitState
UNIT_STATE_CLOSED: UnitState

class DatedName(_message.Message):
    __slots__ = ("name", "valid_from", "valid_to")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    name: str
    valid_from: str
    valid_to: str
    def __init__(self, name: _Optional[str] = ..., valid_from: _Optional[str] = ..., valid_to: _Optional[str] = ...) -> None: ...

class UnitChanged(_message.Message):
    __slots__ = ("unit", "state", "names", "merged_into")
    UNIT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    MERGED_INTO_FIELD_NUMBER: _ClassVar[int]
    unit: _common_pb2.UnitSnapshot
    state: UnitState
    names: _containers.RepeatedCompositeFieldContainer[DatedName]
    merged_into: str
    def __init__(self, unit: _Optional[_Union[_common_pb2.UnitSnapshot, _Mapping]] = ..., state: _Optional[_Union[UnitState, str]] = ..., names: _Optional[_Iterable[_Union[DatedName, _Mapping]]] = ..., merged_into: _Optional[str] = ...) -> None: ...
