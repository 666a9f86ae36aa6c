import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EditionPublished(_message.Message):
    __slots__ = ("list_id", "edition_id", "year", "number", "effective", "listed", "added", "removed", "renamed", "digest", "published_at", "document")
    LIST_ID_FIELD_NUMBER: _ClassVar[int]
    EDITION_ID_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FIELD_NUMBER: _ClassVar[int]
    LISTED_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    RENAMED_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_AT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    list_id: str
    edition_id: str
    year: int
    number: int
    effective: str
    listed: int
    added: int
    removed: int
    renamed: int
    digest: str
    published_at: _timestamp_pb2.Timestamp
    document: str
    def __init__(self, list_id: _Optional[str] = ..., edition_id: _Optional[str] = ..., year: _Optional[int] = ..., number: _Optional[int] = ..., effective: _Optional[str] = ..., listed: _Optional[int] = ..., added: _Optional[int] = ..., removed: _Optional[int] = ..., renamed: _Optional[int] = ..., digest: _Optional[str] = ..., published_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., document: _Optional[str] = ...) -> None: ...
