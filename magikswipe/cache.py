"""A cache on Redis that forgets instead of failing while Redis can't be reached."""

import logging

from django.core.cache.backends.redis import RedisCache
from redis import RedisError

log = logging.getLogger(__name__)


def _or(nothing, name):
    """The method of this name, which returns `nothing` without a server."""
    method = getattr(RedisCache, name)

    def call(self, *args, **options):
        try:
            return method(self, *args, **options)
        except RedisError as error:
            log.warning("The cache can't be reached and remembers nothing: %s", error)
            return nothing

    return call


class ForgetfulRedisCache(RedisCache):
    """Django's own cache; without a server, a key counts as new."""

    set = _or(None, "set")
    add = _or(True, "add")
    touch, delete, has_key = _or(False, "touch"), _or(False, "delete"), _or(False, "has_key")
    set_many, delete_many = _or([], "set_many"), _or(None, "delete_many")

    def clear(self):
        """Forget what is ours alone: Django's own empties the database, in which others may have theirs."""
        try:
            server = self._cache.get_client(write=True)
            for key in server.scan_iter(f"{self.key_prefix}:*", count=1000):
                server.delete(key)
        except RedisError as error:
            log.warning("The cache can't be reached and remembers nothing: %s", error)

    def get(self, key, default=None, version=None):
        return _or(default, "get")(self, key, default, version)

    def get_many(self, keys, version=None):
        return _or({}, "get_many")(self, keys, version)

    def incr(self, key, delta=1, version=None):
        try:
            return super().incr(key, delta, version)
        except RedisError:
            # As for a key that is not there, or no longer.
            raise ValueError(f"Key {key!r} can't be reached.") from None
