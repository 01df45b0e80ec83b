"""The text of docs/channels/asyncapi.json: every message that crosses the broker, made from the Structs that the code uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

import goodtaste
from goodtaste.app import rooms
from goodtaste.channel import queues
from goodtaste.channel.messages import Answer, SyncedMember, SyncedOrder
from goodtaste.kernel import amqp
from goodtaste.kernel.outbox import EVENTS

PATH = Path(__file__).parents[1] / "docs" / "channels" / "asyncapi.json"
REF = "#/components/schemas/{name}"
JSON = "application/json"


def _title(kind: type[Any]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _message(kind: type[Any], content_type: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"name": kind.__name__, "title": _title(kind), "contentType": content_type, "payload": payload}


def _enveloped(topic: str, kind: type[Any]) -> dict[str, Any]:
    """Return the schema of an event on the wire: CloudEvents 1.0 in structured mode."""
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid"},
            "source": {"const": f"/goodtaste/{topic.partition('.')[0]}"},
            "type": {"const": amqp.TYPE_PREFIX + topic},
            "subject": {
                "type": "string",
                "description": f"`{kind.key_field}`: events of one subject come in their order",
            },
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": JSON},
            "data": {"$ref": REF.format(name=kind.__name__)},
        },
    }


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document."""
    events = {topic: kind for topic, kind in sorted(EVENTS.items()) if kind.__module__.startswith("goodtaste.")}
    plain = [SyncedOrder, SyncedMember, Answer]
    _, schemas = msgspec.json.schema_components([*plain, *events.values()], ref_template=REF)
    messages = {kind.__name__: _message(kind, JSON, {"$ref": REF.format(name=kind.__name__)}) for kind in plain}
    messages |= {
        kind.__name__: _message(kind, amqp.CONTENT_TYPE, _enveloped(topic, kind)) for topic, kind in events.items()
    }
    channels = {
        queues.ORDERS: _queue(queues.ORDERS, SyncedOrder, "Orders that were made outside; also `order_sync.durable`"),
        queues.ORDERS_DEAD: _queue(queues.ORDERS_DEAD, SyncedOrder, "Orders that were refused, as they came"),
        queues.MEMBERS: _queue(queues.MEMBERS, SyncedMember, "Members as they are now; also `member_sync.durable`"),
        "reply": {
            "address": None,
            "description": "The queue named by `reply_to`",
            "messages": {"Answer": {"$ref": "#/components/messages/Answer"}},
        },
        amqp.EXCHANGE: {
            "address": amqp.EXCHANGE,
            "description": "Topic exchange of every event; the routing key is the topic, such as `ordering.order_paid.v1`",
            "messages": {k.__name__: {"$ref": f"#/components/messages/{k.__name__}"} for k in events.values()},
            "bindings": {"amqp": {"is": "routingKey", "exchange": {"type": "topic", "durable": True}}},
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "goodtaste 好味", "version": goodtaste.__version__, "license": {"name": "Apache-2.0"}},
        "channels": channels,
        "operations": {
            "takeOrder": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{queues.ORDERS}"},
                "reply": {"channel": {"$ref": "#/channels/reply"}},
            },
            "tellMember": {"action": "send", "channel": {"$ref": f"#/channels/{queues.MEMBERS}"}},
            "tellEvent": {"action": "send", "channel": {"$ref": f"#/channels/{amqp.EXCHANGE}"}},
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _queue(name: str, kind: type[Any], about: str) -> dict[str, Any]:
    return {
        "address": name,
        "description": about,
        "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}},
        "bindings": {"amqp": {"is": "queue", "queue": {"name": name}}},
    }


def text() -> str:
    """Return the document as it stands in the file."""
    assert rooms.TABLES.tables, "every room is loaded, so every event is known"
    return msgspec.json.format(msgspec.json.encode(document(), order="sorted"), indent=2).decode() + "\n"
