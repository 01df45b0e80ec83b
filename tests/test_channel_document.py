"""The document of the queues says what the code does."""

from __future__ import annotations

from typing import Any

import msgspec
from tools import asyncapi

from goodtaste.channel.messages import SyncedOrder
from goodtaste.kernel.outbox import EVENTS
from tests.channel_kit import an_order


def test_the_document_is_the_one_that_the_structs_make() -> None:
    assert asyncapi.PATH.read_text("utf-8") == asyncapi.text(), "run `make docs` and commit what it writes"


def test_every_event_stands_in_the_document() -> None:
    told = asyncapi.document()["components"]["messages"]
    for kind in EVENTS.values():
        if kind.__module__.startswith("goodtaste."):
            assert told[kind.__name__]["title"], kind


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = asyncapi.document()

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                found: Any = document
                for part in node["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for each in node.values():
                follow(each)
        elif isinstance(node, list):
            for each in node:
                follow(each)

    follow(document)


def test_the_message_that_tests_send_is_one_that_the_document_describes() -> None:
    order = msgspec.convert(an_order("1"), SyncedOrder)
    assert (order.source, order.no, order.lines[0].qty) == ("pos-3", "1", 2)
