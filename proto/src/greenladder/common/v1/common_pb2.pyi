import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Presence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESENCE_UNSPECIFIED: _ClassVar[Presence]
    PRESENCE_GIVEN: _ClassVar[Presence]
    PRESENCE_MISSING: _ClassVar[Presence]
    PRESENCE_NOT_APPLICABLE: _ClassVar[Presence]
PRESENCE_UNSPECIFIED: Presence
PRESENCE_GIVEN: Presence
PRESENCE_MISSING: Presence
PRESENCE_NOT_APPLICABLE: Presence

class Codes(_message.Message):
    __slots__ = ("codes",)
    CODES_FIELD_NUMBER: _ClassVar[int]
    codes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, codes: _Optional[_Iterable[str]] = ...) -> None: ...

class Fact(_message.Message):
    __slots__ = ("code", "product", "year", "unit", "presence", "decimal", "flag", "codes", "text")
    CODE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    code: str
    product: str
    year: int
    unit: str
    presence: Presence
    decimal: str
    flag: bool
    codes: Codes
    text: str
    def __init__(self, code: _Optional[str] = ..., product: _Optional[str] = ..., year: _Optional[int] = ..., unit: _Optional[str] = ..., presence: _Optional[_Union[Presence, str]] = ..., decimal: _Optional[str] = ..., flag: _Optional[bool] = ..., codes: _Optional[_Union[Codes, _Mapping]] = ..., text: _Optional[str] = ...) -> None: ...

class PolicyRef(_message.Message):
    __slots__ = ("id", "version", "hash")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: str
    hash: str
    def __init__(self, id: _Optional[str] = ..., version: _Optional[str] = ..., hash: _Optional[str] = ...) -> None: ...

class UnitSnapshot(_message.Message):
    __slots__ = ("unit_id", "profile_version", "category", "uscc", "name", "industries", "key_industry", "region", "superior_authority", "group_authority")
    UNIT_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    USCC_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INDUSTRIES_FIELD_NUMBER: _ClassVar[int]
    KEY_INDUSTRY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    SUPERIOR_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    GROUP_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    unit_id: str
    profile_version: int
    category: str
    uscc: str
    name: str
    industries: _containers.RepeatedScalarFieldContainer[str]
    key_industry: str
    region: str
    superior_authority: str
    group_authority: str
    def __init__(self, unit_id: _Optional[str] = ..., profile_version: _Optional[int] = ..., category: _Optional[str] = ..., uscc: _Optional[str] = ..., name: _Optional[str] = ..., industries: _Optional[_Iterable[str]] = ..., key_industry: _Optional[str] = ..., region: _Optional[str] = ..., superior_authority: _Optional[str] = ..., group_authority: _Optional[str] = ...) -> None: ...

class EvidenceRef(_message.Message):
    __slots__ = ("evidence_id", "slot", "sha256", "size_bytes", "media_type")
    EVIDENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    evidence_id: str
    slot: str
    sha256: str
    size_bytes: int
    media_type: str
    def __init__(self, evidence_id: _Optional[str] = ..., slot: _Optional[str] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., media_type: _Optional[str] = ...) -> None: ...

class Warning(_message.Message):
    __slots__ = ("check", "pointer", "message", "note")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    POINTER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    check: str
    pointer: str
    message: str
    note: str
    def __init__(self, check: _Optional[str] = ..., pointer: _Optional[str] = ..., message: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("item", "pointer", "ok", "note")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    POINTER_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    item: str
    pointer: str
    ok: bool
    note: str
    def __init__(self, item: _Optional[str] = ..., pointer: _Optional[str] = ..., ok: _Optional[bool] = ..., note: _Optional[str] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("act", "authority", "opens_at", "closes_at", "article")
    ACT_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    OPENS_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSES_AT_FIELD_NUMBER: _ClassVar[int]
    ARTICLE_FIELD_NUMBER: _ClassVar[int]
    act: str
    authority: str
    opens_at: _timestamp_pb2.Timestamp
    closes_at: _timestamp_pb2.Timestamp
    article: str
    def __init__(self, act: _Optional[str] = ..., authority: _Optional[str] = ..., opens_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closes_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., article: _Optional[str] = ...) -> None: ...
