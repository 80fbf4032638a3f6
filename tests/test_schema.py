"""The OpenAPI schema says what the API really answers, and enough for a front end to be written from it."""

import re
from typing import NamedTuple

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator

from api.fields import Body
from generation import provider as replicate
from jobs.models import Worker
from jobs.runner import run_here

pytestmark = pytest.mark.django_db

FIVE = {"fr": "Hiver", "en": "Winter", "es": "Invierno", "it": "Inverno", "de": "Winter"}
LYRICS = "[verse]\nLa neige tombe, la neige danse\n[chorus]\nLa la la"
U, GENERATE, JOBS, SYNC = "/api/universes", "/api/generate", "/api/jobs", "/api/sync"
MEDIA = "/storage/buckets/univers/{slug}/{name}"

# Stands for the bytes of a universe's archive.
ARCHIVE = object()


class Again(NamedTuple):
    """Stands for the bytes of one of the universe's files."""

    name: str
    content_type: str


# In an order in which each can succeed; a fourth value is what the answer's `id` is kept as.
CALLS = [
    ("get", "/", None),
    ("get", "/health", None),
    ("get", "/ready", None),
    ("get", "/metrics", None),
    (
        "post",
        U,
        {"name": "Winter", "slug": "winter", "default_image_prompt": "{concept}", "translations": FIVE},
    ),
    ("get", U, None),
    ("patch", f"{U}/{{slug}}", {"name": "Snow"}),
    ("post", f"{U}/{{slug}}/music-prompts", {"language": "fr", "prompt": "lullaby, harp", "lyrics": LYRICS}),
    ("get", f"{U}/{{slug}}/music-prompts", None),
    ("get", f"{U}/{{slug}}/music-prompts/{{language}}", None),
    ("patch", f"{U}/{{slug}}/music-prompts/{{language}}", {"prompt": "soft lullaby, harp"}),
    ("post", f"{GENERATE}/{{slug}}/concepts", {"theme": "winter", "count": 2}),
    ("post", f"{GENERATE}/{{slug}}/concepts/apply", {"concepts": ["Snow", "Ice"], "translations": {}}),
    ("post", f"{GENERATE}/{{slug}}/lyrics/{{language}}", {"lyrics": LYRICS}),
    ("post", f"{GENERATE}/translate-text", {"text": "La neige", "source": "fr", "target": "en"}),
    (
        "post",
        f"{U}/{{slug}}/assets",
        {"display_name": "Sledge", "custom_image_prompt": "red", "translations": FIVE},
        "asset_id",
    ),
    ("get", f"{U}/{{slug}}/assets", None),
    ("get", f"{U}/{{slug}}/assets/{{asset_id}}", None),
    ("patch", f"{U}/{{slug}}/assets/{{asset_id}}", {"sort_order": 9}),
    ("post", f"{GENERATE}/{{slug}}/images", None, "job_id"),
    ("get", JOBS, None),
    ("get", f"{JOBS}/{{job_id}}", None),
    ("post", f"{JOBS}/{{job_id}}/cancel", None),
    ("post", f"{JOBS}/{{job_id}}/retry", None, "run"),
    ("get", f"{JOBS}/{{job_id}}", None),
    ("get", MEDIA, None),
    ("post", f"{GENERATE}/{{slug}}/videos", None, "run"),
    ("post", f"{GENERATE}/{{slug}}/music", {"language": "fr"}, "run"),
    ("post", f"{GENERATE}/{{slug}}/names", {"languages": ["de"]}, "run"),
    ("post", f"{GENERATE}/{{slug}}/ideas", {"theme": "winter", "count": 2}, "run"),
    ("post", f"{GENERATE}/{{slug}}/lyrics", {"languages": ["en"]}, "run"),
    ("post", f"{GENERATE}/{{slug}}/gaps", {"dry_run": True}),
    ("post", f"{GENERATE}/{{slug}}/gaps", {"kinds": ["clips"]}),
    ("put", f"{U}/{{slug}}/thumbnail", Again("00_snow.png", "image/png")),
    ("put", f"{U}/{{slug}}/assets/{{asset_id}}/image", Again("00_snow.png", "image/png")),
    ("put", f"{U}/{{slug}}/assets/{{asset_id}}/video", Again("00_snow.mp4", "video/mp4")),
    ("get", f"{U}/{{slug}}/assets/{{asset_id}}/variants", None, "sha256"),
    ("get", f"{U}/{{slug}}/assets/{{asset_id}}/variants/{{sha256}}", None),
    ("post", f"{U}/{{slug}}/assets/{{asset_id}}/variants/{{sha256}}", None),
    ("put", f"{U}/{{slug}}/music/{{language}}", Again("fr.mp3", "audio/mpeg")),
    ("get", f"{U}/{{slug}}/music/{{language}}/variants", None, "sha256"),
    ("get", f"{U}/{{slug}}/music/{{language}}/variants/{{sha256}}", None),
    ("post", f"{U}/{{slug}}/music/{{language}}/variants/{{sha256}}", None),
    ("get", f"{U}/{{slug}}", None),
    ("post", f"{U}/{{slug}}/duplicate", {"name": "Frost"}),
    ("get", f"{U}/{{slug}}/export", None),
    ("post", f"{U}/import?slug=again", ARCHIVE),
    ("post", f"{GENERATE}/{{slug}}/all", {"theme": "winter", "count": 2, "generate_videos": False}),
    ("get", f"{GENERATE}/costs", None),
    ("delete", f"{JOBS}/cleanup", None),
    ("get", f"{SYNC}/status", None),
    ("post", f"{SYNC}/push/{{slug}}", {"dry_run": True}),
    ("post", f"{SYNC}/push/{{slug}}", None),
    ("post", f"{SYNC}/pull/{{slug}}", None),
    ("post", f"{SYNC}/pull-all", {"dry_run": True}),
    ("post", f"{SYNC}/pull-all", None),
    ("post", f"{SYNC}/init", None),
    ("get", f"{SYNC}/status?diff=true", None),
    ("post", f"{SYNC}/unpublish/{{slug}}", {"force": True}),
    ("delete", f"{U}/{{slug}}/assets/{{asset_id}}", None),
    ("get", f"{SYNC}/revisions?univers_slug=winter&limit=1", None, "revision_id"),
    ("get", f"{SYNC}/revisions/{{revision_id}}", None),
    ("post", f"{SYNC}/restore/{{revision_id}}", {"dry_run": True}),
    ("post", f"{SYNC}/restore/{{revision_id}}", None),
    ("delete", f"{U}/{{slug}}/music-prompts/{{language}}", None),
    ("delete", f"{U}/{{slug}}", None),
]
# Only Replicate can sign this one.
SIGNED = {("post", f"{GENERATE}/webhook")}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema):
    return {(method, path): op for path, item in schema["paths"].items() for method, op in item.items()}


@pytest.fixture
def services(sandbox, settings):
    """Both services, quick, and a worker."""
    Worker.beat("here", 1)
    settings.REPLICATE_BASE_URL = settings.SUPABASE_URL = sandbox.url
    settings.REPLICATE_API_TOKEN = settings.SUPABASE_SERVICE_ROLE_KEY = sandbox.key
    sandbox.settings(latency={"llm": 0, "image": 0, "video": 0, "music": 0}, llm_style="clean")
    yield
    replicate.close()


def strict(node):
    """An OpenAPI 3.0 schema as a JSON Schema in which an object has no fields but the documented ones."""
    if isinstance(node, list):
        return [strict(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    made = {
        key: strict(inner) for key, inner in node.items() if key not in ("nullable", "example", "examples")
    }
    if "properties" in node:
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") is True else made


def check_answer(schema, operation, response):
    documented = operation["responses"]
    status = str(response.status_code)
    assert status in documented, (operation["operationId"], status, response.content[:300])
    kinds = documented[status].get("content", {})
    if "application/json" not in kinds:
        assert status == "204" or response.getvalue()
        return
    shape = kinds["application/json"]["schema"]
    jsonschema.validate(response.json(), strict({**shape, "components": schema["components"]}))


def test_every_operation_answers_as_it_is_documented(api, schema, services):
    documented = operations(schema)
    values = {"slug": "winter", "language": "fr", "name": "00_snow.png"}
    seen = set()
    for method, path, body, *keep in CALLS:
        if body is ARCHIVE:
            archive = api.get(f"{U}/winter/export").getvalue()
            response = api.generic(method, path, archive, "application/zip")
        elif isinstance(body, Again):
            content = api.get(MEDIA.format(slug="winter", name=body.name)).getvalue()
            response = api.generic(method, path.format(**values), content, body.content_type)
        else:
            response = getattr(api, method)(path.format(**values), body)
        call = (method, path.split("?")[0])
        assert response.status_code < 300, (call, response.content)
        check_answer(schema, documented[call], response)
        seen.add(call)
        if keep and keep[0] in ("asset_id", "job_id"):
            values[keep[0]] = response.json()["id"]
        if keep == ["revision_id"]:
            values["revision_id"] = response.json()["items"][0]["id"]
        if keep == ["sha256"]:
            values["sha256"] = response.json()[-1]["sha256"]
        if keep == ["run"]:
            assert run_here(response.json()["id"]).status == "completed"
    assert seen | SIGNED == documented.keys()


def answers(schema):
    """The components that are answers, by name."""
    return {
        name: shape
        for name, shape in schema["components"]["schemas"].items()
        if "properties" in shape and not name.endswith("Request")
    }


def test_what_an_answer_always_has_is_required(schema):
    optional = {
        (name, field)
        for name, shape in answers(schema).items()
        for field in shape["properties"].keys() - set(shape.get("required", []))
    }
    assert optional == {
        ("ApiError", "errors"), ("SyncRefused", "errors"), ("SyncRefused", "plan"), ("SyncRefused", "job_id"),
        ("SyncStatus", "universes"), ("SyncDifference", "error"), ("SyncReport", "plan"), ("SyncAllReport", "plans"),
    }  # fmt: skip


def nodes(node):
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from nodes(inner)


def test_no_number_in_an_answer_has_the_bounds_of_a_database(schema):
    for shape in answers(schema).values():
        assert not [node for node in nodes(shape) if node.get("format") == "int64" or "maximum" in node]


def test_what_may_be_null_is_nullable(schema):
    shapes = schema["components"]["schemas"]
    for name, fields in {
        "Job": {"error", "result", "started_at", "completed_at"},
        "Universe": {"thumbnail_url", "prompts", "supabase_id", "last_synced_at"},
        "AssetItem": {"image_url", "video_url"},
        "Song": {"music_url", "prompt", "lyrics"},
    }.items():
        found = {field for field, shape in shapes[name]["properties"].items() if shape.get("nullable")}
        assert fields <= found, name


def parameters(schema, call):
    return {parameter["name"]: parameter for parameter in operations(schema)[call]["parameters"]}


def test_a_default_is_one_of_the_values_that_are_allowed(schema):
    for node in nodes(schema):
        default = node.get("default")
        if isinstance(default, str):
            assert len(default) >= node.get("minLength", 0), node
            assert default in node.get("enum", [default]), node


def test_what_has_few_values_names_them(schema):
    states = ["pending", "running", "completed", "failed", "cancelled"]
    named = schema["components"]["schemas"]
    assert parameters(schema, ("get", JOBS))["status"]["schema"] == {"$ref": "#/components/schemas/JobStatus"}
    assert named["JobStatus"]["enum"] == states and named["Language"]["enum"] == list(FIVE)
    assert {"generate_images", "sync_push"} <= set(named["JobType"]["enum"])
    assert named["HealthStatus"]["enum"] == ["healthy", "unhealthy"]
    ordering = parameters(schema, ("get", U))["ordering"]["schema"]
    assert ordering["default"] == "-created_at" and ordering["default"] in ordering["enum"]
    languages = [
        parameter["schema"]
        for operation in operations(schema).values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "language"
    ]
    assert len(languages) == 8 and all(
        shape == {"$ref": "#/components/schemas/Language"} for shape in languages
    )


def test_each_set_of_values_has_one_name(schema):
    named = {
        name: shape["enum"] for name, shape in schema["components"]["schemas"].items() if "enum" in shape
    }
    assert len({tuple(values) for values in named.values()}) == len(named)
    for node in nodes(schema["paths"]):
        assert node.get("enum") not in named.values()


def test_an_answer_of_two_shapes_says_which_it_is(schema):
    several = {name: shape for name, shape in schema["components"]["schemas"].items() if "oneOf" in shape}
    answers = {name for name in several if name.endswith("Answer")}
    assert answers == {"GapsAnswer", "SyncAnswer", "SyncAllAnswer"}
    for name in answers:
        assert several[name]["discriminator"]["propertyName"] == "type"


def test_a_file_is_taken_and_given_as_bytes_that_every_generator_knows(schema):
    """Beside its own content types; and it must be sent."""
    calls = operations(schema)
    uploads = {
        call: op["requestBody"] for call, op in calls.items() if call[0] == "put" or "import" in call[1]
    }
    assert len(uploads) == 5
    for body in uploads.values():
        assert body["required"] and len(body["content"]) == 2
        assert body["content"]["application/octet-stream"]["schema"]["format"] == "binary"
    downloads = [op["responses"]["200"]["content"] for op in calls.values() if "200" in op["responses"]]
    files = [content for content in downloads if "application/octet-stream" in content]
    assert len(files) == 4 and all(len(content) > 1 for content in files)


def test_every_operation_has_a_summary_and_says_when_each_error_comes(schema):
    for (method, _path), operation in operations(schema).items():
        name, responses = operation["operationId"], operation["responses"]
        assert 3 < len(operation["summary"]) < 100, name
        assert all(answer["description"] for answer in responses.values()), name
        assert "default" not in responses
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= responses.keys(), name
        if method != "get" and name != "generate_webhook":
            assert {"401", "403", "429", "503", "507"} <= responses.keys(), name
    calls = operations(schema)
    taken = calls["post", U]["responses"]["400"]["description"]
    assert taken == "When its slug is taken."
    for path in (f"{GENERATE}/{{slug}}/images", f"{SYNC}/push/{{slug}}"):
        assert {"409", "502", "503"} <= calls["post", path]["responses"].keys()


def test_the_schema_names_the_server_and_how_one_logs_in(schema, settings):
    assert schema["servers"] == [{"url": "/", "description": "This installation"}]
    assert settings.API_OPEN
    assert schema["components"]["securitySchemes"].keys() == {"cookieAuth", "tokenAuth"}
    assert {} in operations(schema)["get", U]["security"]
    assert all(tag["description"] for tag in schema["tags"])


def test_nothing_makes_a_generator_write_a_second_class(schema):
    shapes = schema["components"]["schemas"]
    assert not [node for node in nodes(schema) if "readOnly" in node or "writeOnly" in node]
    assert not [name for name in shapes if name.startswith("Patched") or "Writable" in name or "Body" in name]
    optional = [
        (name, field)
        for name, shape in shapes.items()
        if name.endswith("Request")
        for field, about in shape["properties"].items()
        if "default" in about
    ]
    assert not optional


def test_a_text_that_may_be_empty_is_so_in_one_way(schema):
    """With `oneOf`, what two alternatives allow is forbidden."""
    found = [node for node in nodes(schema) if {"type": "string", "maxLength": 0} in node.get("oneOf", [])]
    for node in found:
        jsonschema.validate("", strict(node))
    assert found


def test_every_parameter_in_a_path_is_explained(schema):
    for operation in operations(schema).values():
        for parameter in operation.get("parameters", []):
            assert parameter["in"] != "path" or parameter["description"], operation["operationId"]


def test_every_link_leads_to_an_operation_with_all_that_its_path_takes(schema):
    operations = [(path, operation) for path, item in schema["paths"].items() for operation in item.values()]
    paths = {operation["operationId"]: path for path, operation in operations}
    links = [
        link
        for _, operation in operations
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) >= 60
    for link in links:
        taken = set(re.findall(r"{(\w+)}", paths[link["operationId"]]))
        assert taken == link["parameters"].keys(), link


def test_a_list_that_may_not_be_empty_says_so(schema):
    shapes = schema["components"]["schemas"]
    assert shapes["ApplyRequest"]["properties"]["concepts"]["minItems"] == 1
    assert shapes["CardsRequest"]["properties"]["asset_ids"]["minItems"] == 1


def test_every_body_and_operation_is_explained_in_its_own_words(schema):
    shapes = schema["components"]["schemas"].items()
    texts = [shape.get("description", "") for name, shape in shapes if name.endswith("Request")]
    texts += [operation.get("description", "") for operation in operations(schema).values()]
    assert all(texts) and len(texts) == len(set(texts))
    assert not [text for text in texts if text == Body.__doc__ or "asks for no login" in text]


def test_media_tell_of_ranges_and_of_what_the_browser_has(schema):
    media = operations(schema)["get", MEDIA]
    assert {"200", "206", "304", "404", "412", "416"} <= media["responses"].keys()
    assert {"Range", "If-None-Match", "If-Range"} <= parameters(schema, ("get", MEDIA)).keys()


def test_a_jobs_result_and_steps_are_described(schema):
    shapes = schema["components"]["schemas"]
    assert shapes["JobResult"]["properties"].keys() == {"completed", "failed", "results"}
    assert shapes["JobDetail"]["properties"]["steps"]["items"] == {"$ref": "#/components/schemas/JobStep"}
    assert all(field.get("description") for field in shapes["JobStep"]["properties"].values())


def examples(schema):
    """`(shape, example)` of each example in a body or an answer."""
    for operation in operations(schema).values():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in part.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    yield content["schema"], example["value"]


def test_every_example_is_what_its_schema_allows(schema):
    found = list(examples(schema))
    for shape, value in found:
        jsonschema.validate(value, strict({**shape, "components": schema["components"]}))
    assert len(found) > 5


@pytest.mark.parametrize(
    ("call", "status"),
    [(("post", U), None), (("post", f"{GENERATE}/{{slug}}/concepts/apply"), None),
     (("get", f"{JOBS}/{{job_id}}"), "200"), (("post", f"{SYNC}/push/{{slug}}"), "409")],
)  # fmt: skip
def test_the_calls_that_need_one_have_an_example(schema, call, status):
    operation = operations(schema)[call]
    part = operation["responses"][status] if status else operation["requestBody"]
    assert part["content"]["application/json"]["examples"]


def parts(schema, components, seen=()):
    """A schema and all that is within it, whatever it refers to."""
    yield schema
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        yield from parts(components[name], components, (*seen, name))
    within = [*schema.get("properties", {}).values(), *schema.get("allOf", []), *schema.get("oneOf", [])]
    for inner in [*within, schema.get("items")]:
        if isinstance(inner, dict):
            yield from parts(inner, components, seen)


def test_every_list_that_a_body_may_have_is_bounded(schema):
    lists = 0
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                for part in parts(content["schema"], schema["components"]["schemas"]):
                    if part.get("type") == "array":
                        lists += 1
                        assert part.get("maxItems"), path
                    assert not part.get("additionalProperties"), path
    assert lists >= 10
