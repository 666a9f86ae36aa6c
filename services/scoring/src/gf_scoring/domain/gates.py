"""Conditions apart from points (基本要求): met, not met or not stated. They never change a total."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from gf_scoring.domain.lines import Facts
from gf_scoring.domain.rules import Gate


class GateState(Enum):
    MET = "met"
    NOT_MET = "not_met"
    NOT_STATED = "not_stated"


class GateResult(NamedTuple):
    code: str
    name: str
    state: GateState


def judge(gates: Sequence[Gate], facts: Facts) -> tuple[GateResult, ...]:
    """Each condition on its own, in the order of the ruleset."""
    return tuple(GateResult(gate.code, gate.name, _state(gate, facts.get((gate.fact, 0, "")))) for gate in gates)


def open_ones(results: Sequence[GateResult]) -> tuple[GateResult, ...]:
    """Those a reader has to look at."""
    return tuple(result for result in results if result.state is not GateState.MET)


def _state(gate: Gate, said: object) -> GateState:
    if not isinstance(said, bool):
        return GateState.NOT_STATED
    return GateState.MET if said is gate.must_be else GateState.NOT_MET
