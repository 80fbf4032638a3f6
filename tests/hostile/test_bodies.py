"""Whatever a body holds, no path answers with a crash, and every refusal is a sentence."""

import json
import random
import time

import pytest

VALUES = [
    None, True, False, 0, 1, -1, 1.5, 2**31, 10**30, 1e308, "", " ", "fr", "xx", "a\0b", "❄️" * 100, "x" * 30_000,
    "../..", "\ud800", [], {}, [None], [1], ["a"], [[]], [{}], ["a\0"], ["\ud800"], {"fr": "x"}, {"fr": ["a"]},
    {"fr": None}, {"fr": ["a\0"]}, {"fr": ["\ud800"]}, {"xx": 1}, {"\ud800": 1},
    "00000000-0000-0000-0000-000000000000", ["00000000-0000-0000-0000-000000000000"],
]  # fmt: skip
FIELDS = [
    "name", "slug", "is_public", "background_color", "default_image_prompt", "translations",
    "thumbnail_url", "background_music", "display_name", "sort_order", "custom_image_prompt", "language",
    "prompt", "lyrics", "theme", "count", "concepts", "asset_ids", "regenerate", "style", "languages",
    "generate_videos", "generate_music", "text", "source", "target", "force", "dry_run",
    "kinds", "replace",
]  # fmt: skip
CALLS = [
    ("POST", "/api/universes"),
    ("PATCH", "/api/universes/winter"),
    ("POST", "/api/universes/winter/assets"),
    ("PATCH", "/api/universes/winter/assets/{asset}"),
    ("POST", "/api/universes/winter/music-prompts"),
    ("PATCH", "/api/universes/winter/music-prompts/fr"),
    ("POST", "/api/generate/winter/concepts"),
    ("POST", "/api/generate/winter/concepts/apply"),
    ("POST", "/api/generate/winter/images"),
    ("POST", "/api/generate/winter/videos"),
    ("POST", "/api/generate/winter/music"),
    ("POST", "/api/generate/winter/all"),
    ("POST", "/api/generate/winter/lyrics/fr"),
    ("POST", "/api/generate/winter/names"),
    ("POST", "/api/generate/winter/ideas"),
    ("POST", "/api/generate/winter/lyrics"),
    ("POST", "/api/generate/winter/gaps"),
    ("POST", "/api/generate/translate-text"),
    ("POST", "/api/sync/init"),
    ("POST", "/api/sync/pull/winter"),
    ("POST", "/api/sync/push/winter"),
    ("POST", "/api/sync/unpublish/winter"),
]


def random_call(dice, asset):
    method, path = dice.choice(CALLS)
    body = {field: dice.choice(VALUES) for field in dice.sample(FIELDS, dice.randint(0, 12))}
    return method, path.format(asset=asset.pk), json.dumps(body)


@pytest.mark.parametrize("seed", [0, 1, *[pytest.param(n, marks=pytest.mark.slow) for n in range(2, 20)]])
def test_a_random_body_is_taken_or_refused_in_a_sentence(api, asset, seed):
    dice = random.Random(seed)  # noqa: S311 - a game of dice, not a secret
    api.post("/api/universes/winter/music-prompts", {"language": "fr", "prompt": "", "lyrics": ""})
    for _ in range(250):
        method, path, body = random_call(dice, asset)
        response = api.generic(method, path, body.encode(), content_type="application/json")
        assert response.status_code != 500, (method, path, body)
        assert response.status_code < 400 or isinstance(response.json()["detail"], str), (method, path, body)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/universes/winter/assets", {"display_name": "Snow", "sort_order": "5"}, "sort_order"),
        ("/api/universes/winter/assets", {"display_name": "Snow", "sort_order": 5.0}, "sort_order"),
        ("/api/universes/winter/assets", {"display_name": 5}, "display_name"),
        ("/api/generate/winter/concepts", {"theme": "winter", "count": "5"}, "count"),
        ("/api/generate/winter/concepts", {"theme": "winter", "count": 5.0}, "count"),
        ("/api/generate/winter/concepts", {"theme": "winter", "count": True}, "count"),
        ("/api/generate/winter/images", {"asset_ids": [5]}, "asset_ids"),
        ("/api/generate/winter/images", {"regenerate": "true"}, "regenerate"),
        ("/api/sync/push/winter", {"force": 1}, "force"),
    ],
)
def test_a_value_that_merely_looks_like_what_is_wanted_is_refused(api, asset, path, body, field):
    response = api.post(path, body)
    assert response.status_code == 422
    assert response.json()["errors"].keys() == {field}
    assert field in response.json()["detail"]


MANY = 100_000
ID = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("images", "asset_ids", [ID] * MANY),
        ("images", "asset_ids", [{}] * MANY),
        ("images", "asset_ids", ["x" * MANY]),
        ("videos", "asset_ids", ["x"] * 9_999),
        ("names", "asset_ids", [None] * MANY),
        ("names", "languages", ["xx"] * MANY),
        ("music", "languages", ["fr"] * MANY),
        ("lyrics", "languages", ["x" * MANY]),
        ("gaps", "kinds", ["x" * MANY]),
        ("gaps", "kinds", ["x"] * MANY),
        ("concepts/apply", "concepts", ["x"] * MANY),
        ("concepts/apply", "concepts", ["", 1] * 500),
        ("concepts/apply", "translations", {"fr": [1] * MANY}),
        ("concepts/apply", "translations", {str(n): [] for n in range(MANY)}),
        ("concepts/apply", "translations", {"x" * MANY: []}),
    ],
)
def test_a_list_that_is_too_long_is_refused_in_few_words(api, asset, path, field, value):
    began = time.process_time()
    response = api.post(f"/api/generate/winter/{path}", {"concepts": ["x"], field: value})
    assert (response.status_code, list(response.json()["errors"])) == (422, [field])
    assert len(response.content) < 5000
    assert time.process_time() - began < 2


@pytest.mark.parametrize("field", ["translations", "name", "slug", "is_public", "background_color"])
def test_a_long_value_is_not_repeated(api, universe, field):
    for value in ("x" * MANY, ["x"] * MANY, {"x" * MANY: 1}, {str(n): n for n in range(MANY)}):
        response = api.patch("/api/universes/winter", {field: value})
        assert response.status_code in (200, 422) and len(response.content) < 5000, response.content[:300]
