"""Domain events to protobuf (outgoing) and protobuf of other services to plain values (incoming).

The only place of review that knows generated code.
"""
