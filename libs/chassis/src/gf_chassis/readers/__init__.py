"""Readers of events: the port and its two adapters, Kafka and the journals themselves."""

from gf_chassis.readers.port import Batch, Lane, LaneState, Reader, ReaderState, Record

__all__ = ["Batch", "Lane", "LaneState", "Reader", "ReaderState", "Record"]
