"""PostgREST as the Supabase client sees it."""

import uuid

import httpx
import pytest
from postgrest.exceptions import APIError

from .conftest import BUCKET


def code_of(query):
    with pytest.raises(APIError) as caught:
        query.execute()
    return caught.value.code


def of(client, universe, columns="*", **options):
    return client.table("univers_assets").select(columns, **options).eq("univers_id", universe["id"])


def names(query):
    return [row["display_name"] for row in query.order("image_name").execute().data]


def test_an_inserted_row_comes_back_with_its_defaults(universe, slug):
    assert isinstance(universe["id"], int)
    assert (universe["slug"], universe["is_public"], universe["owner_id"]) == (slug, True, None)
    assert universe["created_at"].endswith("+00:00")


def test_minimal_returning_gives_no_rows(client, universe):
    row = {"univers_id": universe["id"], "image_name": "x.png"}
    assert client.table("univers_assets").insert(row, returning="minimal").execute().data == []


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (lambda q: q.eq("display_name", "Snow"), [0]),
        (lambda q: q.neq("display_name", "Snow"), [1, 2, 3]),
        (lambda q: q.gt("sort_order", 1), [2, 3]),
        (lambda q: q.gte("sort_order", 1).lt("sort_order", 3), [1, 2]),
        (lambda q: q.lte("sort_order", 0), [0]),
        (lambda q: q.in_("display_name", ["Snow", "snail, small"]), [0, 1]),
        (lambda q: q.in_("display_name", ['a "quoted" one']), [2]),
        (lambda q: q.in_("display_name", []), []),
        (lambda q: q.is_("display_name", "null"), [4]),
        (lambda q: q.not_.is_("display_name", "null"), [0, 1, 2, 3]),
        (lambda q: q.like("display_name", "Sn%"), [0]),
        (lambda q: q.ilike("display_name", "sn*"), [0, 1]),
        (lambda q: q.like("display_name", "100\\%"), [3]),
        (lambda q: q.or_("sort_order.eq.0,display_name.is.null"), [0, 4]),
        (lambda q: q.not_.in_("sort_order", [0, 1]), [2, 3]),
    ],
)
def test_filters(client, universe, assets, narrow, expected):
    assert names(narrow(of(client, universe))) == [assets[at]["display_name"] for at in expected]


def test_null_sorts_last_and_first_when_descending(client, universe, assets):
    rising = of(client, universe, "sort_order").order("sort_order").execute().data
    falling = of(client, universe, "sort_order").order("sort_order", desc=True).execute().data
    assert [row["sort_order"] for row in rising] == [0, 1, 2, 3, None]
    assert falling == rising[::-1]


def test_pages_and_counts(client, universe, assets):
    page = of(client, universe, "image_name", count="exact").order("image_name").range(1, 2).execute()
    assert [row["image_name"] for row in page.data] == ["1.png", "2.png"]
    assert page.count == 5
    assert of(client, universe, "*", count="exact", head=True).execute().count == 5


def test_a_range_past_the_end_is_empty_and_with_a_count_an_error(client, universe, assets):
    assert of(client, universe).range(50, 60).execute().data == []
    assert code_of(of(client, universe, count="exact").range(50, 60)) == "PGRST103"


def test_columns_can_be_renamed(client, universe, assets):
    row = of(client, universe, "title:display_name").order("image_name").limit(1).execute().data
    assert row == [{"title": "Snow"}]


def test_a_thousand_rows_at_most_also_embedded(client, universe):
    rows = [{"univers_id": universe["id"], "image_name": f"{at}.png"} for at in range(1303)]
    client.table("univers_assets").insert(rows, returning="minimal").execute()
    answer = of(client, universe, "id", count="exact").limit(5000).execute()
    assert (len(answer.data), answer.count) == (1000, 1303)
    embedded = (
        client.table("univers").select("id, univers_assets(id)").eq("id", universe["id"]).execute().data
    )
    assert len(embedded[0]["univers_assets"]) == 1000
    rest = of(client, universe, "id").order("id").range(1000, 1999).execute().data
    assert len(rest) == 303


def test_embeds_go_both_ways(client, universe, assets, slug):
    row = {"asset_id": assets[0]["id"], "language": "fr", "display_name": "Neige"}
    client.table("univers_assets_translations").insert(row).execute()
    columns = "image_name, univers(slug), univers_assets_translations(display_name)"
    card = of(client, universe, columns).eq("id", assets[0]["id"]).single().execute().data
    assert card == {
        "image_name": "0.png",
        "univers": {"slug": slug},
        "univers_assets_translations": [{"display_name": "Neige"}],
    }


# --- Filters, order and limit of an embedded table ---------------------------------------------------------


@pytest.fixture
def two_universes(client, universe, assets, slug):
    """A universe with five cards, the first of them named in French and German, and one without cards."""
    named = [{"language": "fr", "display_name": "Neige"}, {"language": "de", "display_name": "Schnee"}]
    rows = [{"asset_id": assets[0]["id"], **name} for name in named]
    client.table("univers_assets_translations").insert(rows).execute()
    client.table("univers").insert({"name": "Empty", "slug": f"{slug}-2"}).execute()


def universes_with(client, slug, columns, narrow):
    query = client.table("univers").select(columns).like("slug", f"{slug}%").order("slug")
    return narrow(query).execute().data


CARDS = "univers_assets(sort_order)"


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (lambda q: q.gte("univers_assets.sort_order", 2), [2, 3]),
        (lambda q: q.is_("univers_assets.sort_order", "null"), [None]),
        (
            lambda q: q.or_("sort_order.eq.0,display_name.eq.100%", reference_table="univers_assets"),
            [0, 3],
        ),
        (lambda q: q.limit(2, foreign_table="univers_assets"), [0, 1]),
        (lambda q: q.range(1, 2, foreign_table="univers_assets"), [1, 2]),
    ],
)
def test_an_embedded_table_is_narrowed_by_itself(client, two_universes, slug, narrow, expected):
    def ordered(query):
        return narrow(query.order("sort_order", foreign_table="univers_assets"))

    whole, empty = universes_with(client, slug, f"slug, {CARDS}", ordered)
    assert [card["sort_order"] for card in whole["univers_assets"]] == expected
    assert empty == {"slug": f"{slug}-2", "univers_assets": []}


def test_an_embedded_table_is_ordered_by_itself(client, two_universes, slug):
    def falling(query):
        return query.order("sort_order", desc=True, foreign_table="univers_assets")

    whole, _ = universes_with(client, slug, CARDS, falling)
    assert [card["sort_order"] for card in whole["univers_assets"]] == [None, 3, 2, 1, 0]


def test_a_filter_reaches_two_tables_deep_and_goes_by_the_alias(client, two_universes, slug):
    columns = "cards:univers_assets(sort_order, names:univers_assets_translations(display_name))"

    def french_of_the_first(query):
        return query.eq("cards.sort_order", 0).eq("cards.names.language", "fr")

    whole, _ = universes_with(client, slug, columns, french_of_the_first)
    assert whole == {"cards": [{"sort_order": 0, "names": [{"display_name": "Neige"}]}]}


@pytest.mark.parametrize(
    ("columns", "narrow", "number"),
    [
        ("slug, univers_assets!inner(id)", lambda q: q, 1),
        ("slug, univers_assets!inner(id)", lambda q: q.eq("univers_assets.display_name", "Snow"), 1),
        ("slug, univers_assets!inner(id)", lambda q: q.eq("univers_assets.display_name", "Sand"), 0),
        ("slug, univers_assets(id)", lambda q: q.eq("univers_assets.display_name", "Sand"), 2),
        (
            "univers_assets!inner(id, univers_assets_translations!inner(id))",
            lambda q: q.eq("univers_assets.univers_assets_translations.language", "it"),
            0,
        ),
    ],
)
def test_an_inner_join_leaves_out_rows_without_a_match(client, two_universes, slug, columns, narrow, number):
    assert len(universes_with(client, slug, columns, narrow)) == number


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        (lambda q: q.is_("cards", "null"), ["-2"]),
        (lambda q: q.not_.is_("cards", "null"), [""]),
        (lambda q: q.is_("cards", "null").eq("cards.display_name", "Snow"), ["-2"]),
        (lambda q: q.is_("cards", "null").eq("cards.display_name", "Sand"), ["", "-2"]),
    ],
)
def test_rows_are_asked_for_by_whether_an_embedded_table_has_some(
    client, two_universes, slug, narrow, expected
):
    found = universes_with(client, slug, "slug, cards:univers_assets(id)", narrow)
    assert [row["slug"].removeprefix(slug) for row in found] == expected


def test_a_parents_column_orders_its_children(client, two_universes, assets, slug):
    other = client.table("univers").select("id").eq("slug", f"{slug}-2").execute().data[0]
    client.table("univers_assets").insert({"univers_id": other["id"], "image_name": "z.png"}).execute()

    def ordered(desc):
        query = client.table("univers_assets").select("univers!inner(slug)").like("univers.slug", f"{slug}%")
        rows = query.order("univers(slug)", desc=desc).order("image_name").execute().data
        return [row["univers"]["slug"] for row in rows]

    assert ordered(desc=False) == [slug] * len(assets) + [f"{slug}-2"]
    assert ordered(desc=True) == [f"{slug}-2"] + [slug] * len(assets)
    children = client.table("univers").select("slug, univers_assets(id)").order("univers_assets(id)")
    assert code_of(children) == "PGRST118"
    assert code_of(client.table("univers_assets").select("id").order("univers(slug)")) == "PGRST108"


def test_a_count_of_an_inner_join_counts_what_is_shown(client, two_universes, slug):
    query = client.table("univers").select("slug, univers_assets!inner(id)", count="exact")
    assert query.like("slug", f"{slug}%").execute().count == 1


def test_embedded_rows_can_be_counted(client, two_universes, slug):
    columns = "univers_assets(count), names:univers_translations(count)"
    whole, empty = universes_with(client, slug, columns, lambda q: q.gt("univers_assets.sort_order", 0))
    assert (whole["univers_assets"], empty["univers_assets"]) == ([{"count": 3}], [{"count": 0}])
    assert whole["names"] == [{"count": 0}]


def test_a_filter_on_a_table_that_is_not_embedded_is_refused(client, universe):
    query = client.table("univers").select("slug").eq("univers_assets.sort_order", 0)
    assert code_of(query) == "PGRST108"


def test_one_to_one_tables_are_embedded_as_an_object_where_a_key_says_so(sandbox, sandbox_client):
    row = sandbox_client.table("univers").insert({"name": "x", "slug": "x"}).execute().data[0]
    query = sandbox_client.table("univers").select("univers_prompts(default_image_prompt)")
    assert query.execute().data == [{"univers_prompts": None}]
    prompts = {"univers_id": row["id"], "default_image_prompt": "a fox"}
    sandbox_client.table("univers_prompts").insert(prompts).execute()
    assert query.execute().data == [{"univers_prompts": {"default_image_prompt": "a fox"}}]
    sandbox.settings(unique={})
    assert query.execute().data == [{"univers_prompts": [{"default_image_prompt": "a fox"}]}]


# --- Pages of other origins --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/rest/v1/univers", f"/storage/v1/object/list/{BUCKET}"])
def test_a_page_of_another_origin_may_ask(service, path):
    url, _ = service
    headers = {
        "Origin": "http://localhost:8081",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "apikey,authorization,content-profile,prefer,x-client-info",
    }
    leave = httpx.options(f"{url}{path}", headers=headers, trust_env=False)
    assert leave.is_success
    assert leave.headers["access-control-allow-origin"] in ("*", "http://localhost:8081")
    assert "POST" in leave.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in leave.headers["access-control-allow-headers"].split(",")}
    assert {"apikey", "authorization", "prefer", "x-client-info"} <= allowed


def test_a_page_of_another_origin_may_read_the_answer(service, client, universe, slug):
    url, key = service
    headers = {"Origin": "http://localhost:8081", "apikey": key, "Authorization": f"Bearer {key}"}
    address = f"{url}/rest/v1/univers?slug=eq.{slug}"
    answer = httpx.get(address, headers=headers, trust_env=False)
    assert answer.headers["access-control-allow-origin"] in ("*", "http://localhost:8081")
    exposed = answer.headers["access-control-expose-headers"]
    assert "content-range" in exposed.lower()


def test_single_wants_exactly_one_row(client, universe, assets):
    assert code_of(of(client, universe).single()) == "PGRST116"
    assert code_of(of(client, universe).eq("image_name", "no").single()) == "PGRST116"
    assert of(client, universe).eq("image_name", "no").maybe_single().execute() is None
    assert (
        of(client, universe).eq("image_name", "0.png").maybe_single().execute().data["display_name"] == "Snow"
    )


def test_an_upsert_by_primary_key_keeps_the_columns_left_out(client, universe, assets):
    change = {"id": assets[0]["id"], "univers_id": universe["id"], "display_name": "Ice"}
    row = client.table("univers_assets").upsert(change).execute().data[0]
    assert row == {**assets[0], "display_name": "Ice"}


def test_ignored_duplicates_stay_as_they_are(client, universe, assets):
    new = {"id": str(uuid.uuid4()), "univers_id": universe["id"], "display_name": "New"}
    old = {"id": assets[0]["id"], "univers_id": universe["id"], "display_name": "Ice"}
    written = client.table("univers_assets").upsert([new, old], ignore_duplicates=True).execute().data
    assert [row["id"] for row in written] == [new["id"]]
    assert "Snow" in names(of(client, universe))


def test_a_key_missing_in_one_row_of_many_becomes_null_or_the_default(client, universe):
    table = client.table("univers_assets_prompts")
    cards = [{"univers_id": universe["id"], "image_name": name} for name in "abc"]
    ids = [row["id"] for row in client.table("univers_assets").insert(cards).execute().data]
    first, second = {"asset_id": ids[0], "generation_count": 5}, {"asset_id": ids[1]}
    assert [
        row["generation_count"] for row in table.upsert([{"id": str(uuid.uuid4()), **first}]).execute().data
    ] == [5]
    given = [
        {"id": str(uuid.uuid4()), **row} for row in ({"asset_id": ids[2], "generation_count": 7}, second)
    ]
    assert [row["generation_count"] for row in table.insert(given).execute().data] == [7, None]
    given = [{"id": str(uuid.uuid4()), **row} for row in (first, second)]
    rows = table.insert(given, default_to_null=False).execute().data
    assert [row["generation_count"] for row in rows] == [5, 1]


def test_conflicts(client, universe, slug, assets):
    table = client.table("univers")
    assert code_of(table.insert({"name": "x", "slug": slug})) == "23505"
    assert code_of(table.upsert({"name": "x", "slug": slug})) == "23505"
    assert (
        table.upsert({"name": "x", "slug": slug}, on_conflict="slug").execute().data[0]["id"]
        == universe["id"]
    )
    assert code_of(table.upsert({"name": "x", "slug": slug}, on_conflict="background_color")) == "42P10"
    twice = [{"name": name, "slug": slug} for name in "ab"]
    assert code_of(table.upsert(twice, on_conflict="slug")) == "21000"


def test_a_bulk_insert_is_all_or_nothing(client, universe, assets):
    rows = [{"id": id, "univers_id": universe["id"]} for id in (str(uuid.uuid4()), assets[0]["id"])]
    assert code_of(client.table("univers_assets").insert(rows)) == "23505"
    assert len(of(client, universe).execute().data) == 5


def test_update_and_delete_give_the_rows_back(client, universe, assets):
    table = client.table("univers_assets")
    changed = table.update({"display_name": "Ice"}).eq("id", assets[0]["id"]).execute().data
    assert changed == [{**assets[0], "display_name": "Ice"}]
    assert table.delete().eq("id", assets[0]["id"]).execute().data == changed
    assert table.delete().eq("id", assets[0]["id"]).execute().data == []


def test_rows_go_with_their_parents(client, universe, assets):
    client.table("univers").delete().eq("id", universe["id"]).execute()
    assert of(client, universe).execute().data == []


def test_changing_every_row_at_once_is_refused(sandbox_client):
    table = sandbox_client.table("univers_assets")
    assert code_of(table.delete()) == "21000"
    assert code_of(table.update({"display_name": "x"})) == "21000"


def test_error_codes(client, universe):
    table, number, unknown = client.table("univers_assets"), universe["id"], str(uuid.uuid4())
    assert code_of(client.table("conformance_no_such_table").select("*")) == "PGRST205"
    assert code_of(table.insert({"univers_id": number, "no_such_column": 1})) == "PGRST204"
    assert code_of(table.update({"no_such_column": 1}).eq("id", unknown)) == "PGRST204"
    assert code_of(table.select("no_such_column")) == "42703"
    assert code_of(table.select("*").eq("no_such_column", 1)) == "42703"
    assert code_of(table.select("*, no_such_table(*)")) == "PGRST200"
    assert code_of(table.select("*").eq("id", "no-uuid")) == "22P02"
    assert code_of(table.select("*").eq("univers_id", "one")) == "22P02"
    assert code_of(table.insert({"univers_id": number, "sort_order": "first"})) == "22P02"
    assert code_of(table.insert({"univers_id": 2**62, "image_name": "x.png"})) == "23503"
    assert code_of(client.table("univers").insert({"slug": f"{universe['slug']}-2"})) == "23502"


def test_a_wrong_key_is_unauthorised(service):
    url, _ = service
    answer = httpx.get(f"{url}/rest/v1/univers?limit=1", headers={"apikey": "wrong"}, trust_env=False)
    assert answer.status_code == 401
    assert httpx.get(f"{url}/rest/v1/univers?limit=1", trust_env=False).status_code == 401


def test_texts_come_back_as_they_went(client, universe):
    for text in ("雪だるま ❄️", "a\nb\tc\\d'e\"f", "é" * 10_000, ""):
        row = {"univers_id": universe["id"], "language": "fr", "prompt": None, "lyrics": text}
        assert client.table("univers_music_prompts").insert(row).execute().data[0]["lyrics"] == text


def test_given_times_are_kept_in_utc(client, universe):
    row = {"univers_id": universe["id"], "created_at": "2024-05-01T12:00:00.5+02:00"}
    written = client.table("univers_assets").insert(row).execute().data[0]
    assert written["created_at"] == "2024-05-01T10:00:00.5+00:00"


def test_a_thousand_ids_fit_into_a_filter_and_far_more_do_not(client):
    ids = [str(uuid.uuid4()) for _ in range(1500)]
    assert client.table("univers_assets").select("id").in_("id", ids[:1000]).execute().data == []
    with pytest.raises((APIError, httpx.HTTPError)):
        client.table("univers_assets").select("id").in_("id", ids).execute()
