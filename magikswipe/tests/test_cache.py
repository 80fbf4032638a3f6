"""The cache beside others' data: what is cleared is ours alone."""

import pytest
import redis
from django.conf import settings
from django.core.cache import cache


@pytest.mark.servers
def test_clearing_the_cache_leaves_what_others_have_in_the_same_redis():
    cache.set_many({f"word-{number}": number for number in range(3000)})
    with redis.from_url(settings.REDIS_URL) as server:
        server.set("other-program:1", "theirs")
        cache.clear()
        assert server.getdel("other-program:1") == b"theirs"
        assert not list(server.scan_iter("magikswipe:*"))
    assert cache.get("word-1") is None
