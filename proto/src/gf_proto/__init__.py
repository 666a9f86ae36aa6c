"""The events' contracts: generated messages, topic files, golden examples.

``TOPICS`` is the registry of ``topics/*.yaml``; ``message_type()`` finds a generated class by its full name.
"""

from gf_proto.examples import Example, examples
from gf_proto.messages import event_types, message_type
from gf_proto.topics import TOPICS, Consumer, Topic, topic_of

__all__ = ["TOPICS", "Consumer", "Example", "Topic", "event_types", "examples", "message_type", "topic_of"]
