"""Fixtures of this room."""

import pytest

from universes.services import music, universes

from .helpers import EXPORT, IMPORT


@pytest.fixture
def full_universe(universe, make_asset, put_file):
    """`winter` with a row in each table and a file of each kind."""
    thumbnail = "/storage/buckets/univers/winter/thumbnail.jpg"
    universes.update(universe, default_image_prompt="{concept}", thumbnail_url=thumbnail)
    make_asset(
        "Snowflake", translations={"fr": "Flocon", "de": "Schneeflöckchen"}, custom_image_prompt="white"
    )
    make_asset("Sledge")
    music.create(universe, language="fr", prompt="gentle", lyrics="la\nla")
    for name in ("00_snowflake.png", "00_snowflake.mp4", "fr.mp3", "thumbnail.jpg"):
        put_file("winter", name, name.encode() * 1000)
    return universe


@pytest.fixture
def put(api, asset):
    """PUTs a card's picture, or what else lies at an address: `put(content, "image/png")`."""

    def send(content, content_type="image/jpeg", address=None):
        return api.generic(
            "PUT", address or f"/api/universes/winter/assets/{asset.pk}/image", content, content_type
        )

    return send


@pytest.fixture
def exported(api, full_universe):
    """The bytes of the archive of `winter`, which is still there."""
    return api.get(EXPORT).getvalue()


@pytest.fixture(scope="session")
def archives():
    """Archives that tests share, since making one takes longer than refusing it."""
    return {}


@pytest.fixture
def wiped(archives, request, db):
    """The bytes of the archive of a universe of which nothing is here."""
    if not archives:
        archives["winter"] = request.getfixturevalue("exported")
        universes.delete(request.getfixturevalue("full_universe"))
    return archives["winter"]


@pytest.fixture
def send(api):
    def send(archive, query="", kind="application/zip"):
        return api.generic("POST", IMPORT + query, archive, kind)

    return send


@pytest.fixture
def lea(client, staff):
    """A browser of somebody who may write and generate."""
    client.force_login(staff("lea", "Editor", "Generator"))
    return client
