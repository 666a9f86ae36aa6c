from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Basis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASIS_UNSPECIFIED: _ClassVar[Basis]
    BASIS_CLAIMED: _ClassVar[Basis]
    BASIS_ASSESSED: _ClassVar[Basis]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_SCORED: _ClassVar[Outcome]
    OUTCOME_NOT_SCORABLE: _ClassVar[Outcome]

class LineState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINE_STATE_UNSPECIFIED: _ClassVar[LineState]
    LINE_STATE_SCORED: _ClassVar[LineState]
    LINE_STATE_AWAITS_MARK: _ClassVar[LineState]
    LINE_STATE_NOT_SCORABLE: _ClassVar[LineState]
    LINE_STATE_NOT_APPLICABLE: _ClassVar[LineState]

class GateState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_STATE_UNSPECIFIED: _ClassVar[GateState]
    GATE_STATE_MET: _ClassVar[GateState]
    GATE_STATE_NOT_MET: _ClassVar[GateState]
    GATE_STATE_NOT_STATED: _ClassVar[GateState]
BASIS_UNSPECIFIED: Basis
BASIS_CLAIMED: Basis
BASIS_ASSESSED: Basis
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_SCORED: Outcome
OUTCOME_NOT_SCORABLE: Outcome
LINE_STATE_UNSPECIFIED: LineState
LINE_STATE_SCORED: LineState
LINE_STATE_AWAITS_MARK: LineState
LINE_STATE_NOT_SCORABLE: LineState
LINE_STATE_NOT_APPLICABLE: LineState
GATE_STATE_UNSPECIFIED: GateState
GATE_STATE_MET: GateState
GATE_STATE_NOT_MET: GateState
GATE_STATE_NOT_STATED: GateState

class Line(_message.Message):
    __slots__ = ("indicator", "state", "points", "weight", "value", "unit", "lead", "baseline", "branch", "reason", "dimension", "name")
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LEAD_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    indicator: str
    state: LineState
    points: str
    weight: str
    value: str
    unit: str
    lead: str
    baseline: str
    branch: str
    reason: str
    dimension: str
    name: str
    def __init__(self, indicator: _Optional[str] = ..., state: _Optional[_Union[LineState, str]] = ..., points: _Optional[str] = ..., weight: _Optional[str] = ..., value: _Optional[str] = ..., unit: _Optional[str] = ..., lead: _Optional[str] = ..., baseline: _Optional[str] = ..., branch: _Optional[str] = ..., reason: _Optional[str] = ..., dimension: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Gate(_message.Message):
    __slots__ = ("code", "name", "state")
    CODE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    code: str
    name: str
    state: GateState
    def __init__(self, code: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[GateState, str]] = ...) -> None: ...

class SheetFinding(_message.Message):
    __slots__ = ("code", "fact", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    fact: str
    message: str
    def __init__(self, code: _Optional[str] = ..., fact: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class SubmissionScored(_message.Message):
    __slots__ = ("submission_id", "round", "revision", "basis", "outcome", "total", "lines", "reasons", "ruleset_id", "ruleset_version", "ruleset_hash", "benchmark_set_id", "benchmark_hash", "input_hash", "engine_version", "band", "open_gates", "findings")
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    RULESET_ID_FIELD_NUMBER: _ClassVar[int]
    RULESET_VERSION_FIELD_NUMBER: _ClassVar[int]
    RULESET_HASH_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_SET_ID_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_HASH_FIELD_NUMBER: _ClassVar[int]
    INPUT_HASH_FIELD_NUMBER: _ClassVar[int]
    ENGINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    OPEN_GATES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    submission_id: str
    round: int
    revision: int
    basis: Basis
    outcome: Outcome
    total: str
    lines: _containers.RepeatedCompositeFieldContainer[Line]
    reasons: _containers.RepeatedScalarFieldContainer[str]
    ruleset_id: str
    ruleset_version: str
    ruleset_hash: str
    benchmark_set_id: str
    benchmark_hash: str
    input_hash: str
    engine_version: str
    band: str
    open_gates: _containers.RepeatedCompositeFieldContainer[Gate]
    findings: _containers.RepeatedCompositeFieldContainer[SheetFinding]
    def __init__(self, submission_id: _Optional[str] = ..., round: _Optional[int] = ..., revision: _Optional[int] = ..., basis: _Optional[_Union[Basis, str]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., total: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[Line, _Mapping]]] = ..., reasons: _Optional[_Iterable[str]] = ..., ruleset_id: _Optional[str] = ..., ruleset_version: _Optional[str] = ..., ruleset_hash: _Optional[str] = ..., benchmark_set_id: _Optional[str] = ..., benchmark_hash: _Optional[str] = ..., input_hash: _Optional[str] = ..., engine_version: _Optional[str] = ..., band: _Optional[str] = ..., open_gates: _Optional[_Iterable[_Union[Gate, _Mapping]]] = ..., findings: _Optional[_Iterable[_Union[SheetFinding, _Mapping]]] = ...) -> None: ...
