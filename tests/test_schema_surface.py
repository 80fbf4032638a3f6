"""The parts of the schema that generated clients are made of: whoever changes one decides to.

Clients have functions named after operations, and classes with fields named after those of components. To accept a
change, run `ACCEPT_SCHEMA=1 make test ARGS=tests/test_schema_surface.py`, which writes the list anew.
"""

import os
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

SURFACE = Path(__file__).with_name("schema_surface.txt")


def surface(schema):
    """A line for each operation, parameter, field and value of an enum."""
    lines = []
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            lines.append(f"{operation['operationId']}: {method.upper()} {path}")
            for parameter in operation.get("parameters", []):
                lines.append(f"{operation['operationId']}({parameter['name']} in {parameter['in']})")
    for name, shape in schema["components"]["schemas"].items():
        required = shape.get("required", [])
        for field in shape.get("properties", {}):
            lines.append(f"{name}.{field}{'' if field in required else '?'}")
        lines += [f"{name} = {value}" for value in shape.get("enum", [])]
    return sorted(lines)


@pytest.mark.django_db
def test_the_names_that_clients_are_generated_from_stay():
    now = surface(SchemaGenerator().get_schema(request=None, public=True))
    if os.environ.get("ACCEPT_SCHEMA"):
        SURFACE.write_text("\n".join(now) + "\n")
    before = SURFACE.read_text().splitlines()
    assert (sorted(set(before) - set(now)), sorted(set(now) - set(before))) == ([], [])
