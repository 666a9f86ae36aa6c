from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class AgencyChanged(_message.Message):
    __slots__ = ("agency_id", "name", "uscc", "representative_id", "distrusted_until")
    AGENCY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    USCC_FIELD_NUMBER: _ClassVar[int]
    REPRESENTATIVE_ID_FIELD_NUMBER: _ClassVar[int]
    DISTRUSTED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    agency_id: str
    name: str
    uscc: str
    representative_id: str
    distrusted_until: str
    def __init__(self, agency_id: _Optional[str] = ..., name: _Optional[str] = ..., uscc: _Optional[str] = ..., representative_id: _Optional[str] = ..., distrusted_until: _Optional[str] = ...) -> None: ...
