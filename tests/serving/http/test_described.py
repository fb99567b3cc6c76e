"""The service keeps to its own description, whatever it is sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tutelage.serving.app import create_app
from tutelage.serving.service import Service

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = "/v1/events"
A_LIST = "/v1/scan-results"


@pytest.fixture
def described(service: Service) -> Iterator[Any]:
    """The description of a service that listens."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = uvicorn.Config(create_app(service, needs_keys=False), log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield schemathesis.openapi.from_url(
        f"http://127.0.0.1:{listening.getsockname()[1]}/openapi.json", wait_for_schema=10
    )
    server.should_exit = True
    thread.join(10)


def test_every_body_is_described_by_an_example_that_is_valid(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    bodies = [
        (f"{method} {path}", operation["requestBody"]["content"]["application/json"]["schema"])
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation and path != A_LIST
    ]
    assert len(bodies) > 10
    for name, schema in bodies:
        (reference,) = (each["$ref"] for each in (schema, *schema.get("anyOf", [])) if "$ref" in each)
        described = description["components"]["schemas"][reference.rpartition("/")[2]]
        method, path = name.split()
        (example,) = described["examples"]
        answer = client.request(method, path.replace("{", "").replace("}", ""), json=example)
        assert answer.status_code in (200, 401, 404), f"{name}: {answer.text}"


@pytest.mark.parametrize("n_examples", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_every_answer_is_as_described(described: Any, n_examples: int) -> None:
    faults = [fault for operation in operations(described) if (fault := first_fault(operation, n_examples))]
    assert faults == [], "\n\n".join(faults)


def operations(described: Any) -> Iterator[Any]:
    """Every operation but the stream, which does not end."""
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            yield operation


def first_fault(operation: Any, n_examples: int) -> str | None:
    """What is not as described of one operation, for inputs made from its description."""

    @given(case=operation.as_strategy())
    @settings(max_examples=n_examples, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    def check(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    try:
        check()
    except (Exception, FailureGroup) as fault:
        return f"{operation.label}: {fault}"
    return None
