"""The last steps of the OpenAPI schema, for those who generate clients from it.

Names are those a programmer would choose, a set of values has one name wherever it stands, and nothing is said that
makes a generator write a second class of everything.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from .schema import BYTES, ERRORS

Node = dict[str, Any]

METHODS = ("get", "put", "post", "patch", "delete")
COMPONENT = "#/components/schemas/"
ERROR = {"application/json": {"schema": {"$ref": f"{COMPONENT}ApiError"}}}
OF_BODIES = (400, 413, 415)
SUCCESSES = {"200": "Done.", "201": "Created.", "204": "Deleted."}


def polish(result: Node, generator: Any, request: Any, public: bool) -> Node:
    """A postprocessing hook of drf-spectacular, called with the whole schema; returns it changed."""
    result = _renamed(result)
    schemas = result["components"]["schemas"]
    for node in _nodes(result):
        # Requests and answers have components of their own, so it would tell nothing.
        node.pop("readOnly", None)
    for name, shape in schemas.items():
        if name.endswith("Request"):
            _tell_defaults(shape)
    for operation in _operations(result):
        operation["summary"] = _first_sentence(operation.get("description", ""))
        _describe_body(operation)
        for status, answer in operation["responses"].items():
            if not answer.get("description"):
                answer["description"] = SUCCESSES.get(status) or ERRORS[int(status)]
        for parameter in operation.get("parameters", []):
            _name_values(parameter["schema"], schemas)
    return result


def component_name(name: str) -> str:
    """`UniversePatchRequest` for `PatchedUniversePatchRequest`, `MusicRequest` for `MusicBodyRequest`."""
    return re.sub(r"BodyRequest$", "Request", name.removeprefix("Patched"))


def _renamed(result: Node) -> Node:
    names = {name: component_name(name) for name in result["components"]["schemas"]}
    if clashes := len(names) - len(set(names.values())):
        raise ValueError(f"{clashes} components of the schema would lose their names: {sorted(names)}")
    for node in _nodes(result):
        if "$ref" in node:
            node["$ref"] = COMPONENT + names[node["$ref"].removeprefix(COMPONENT)]
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = {names[old]: shape for old, shape in schemas.items()}
    return result


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(inner)


def _operations(result: Node) -> Iterator[Node]:
    for item in result["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def _tell_defaults(shape: Node) -> None:
    """Say a field's default in its description: generators take a field that has one for required."""
    for name, field in shape.get("properties", {}).items():
        if name not in shape.get("required", []) and "default" in field:
            default = f"Default: {json.dumps(field.pop('default'))}."
            field["description"] = " ".join(filter(None, (field.get("description"), default)))


def _first_sentence(text: str) -> str:
    return re.split(r"[.;](?:\s|$)", " ".join(text.split()), maxsplit=1)[0]


def _describe_body(operation: Node) -> None:
    """The errors of every body; a file must be sent."""
    if body := operation.get("requestBody"):
        body["required"] = body.get("required", False) or BYTES in body["content"]
        for status in OF_BODIES:
            error = {"description": ERRORS[status], "content": ERROR}
            operation["responses"].setdefault(str(status), error)


def _name_values(shape: Node, schemas: Node) -> None:
    """Let a parameter with the values of a named enum refer to that."""
    values = shape.get("enum")
    named = next((name for name, one in schemas.items() if values and one.get("enum") == values), None)
    if named:
        kept = {key: value for key, value in shape.items() if key == "default"}
        shape.clear()
        shape.update(
            {"allOf": [{"$ref": COMPONENT + named}], **kept} if kept else {"$ref": COMPONENT + named}
        )
