"""Pages by `skip` and `limit`."""

from functools import lru_cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from .fields import Query, validated

LARGEST = 2**63 - 1
PAGE = 50
LONGEST_PAGE = 100


class LimitQuery(Query):
    """Says the same each time that it is asked the same, so that it is looked at closely but once."""

    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=PAGE)

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        return dict(_read(cls, tuple(cls.given(request).items())))


class PageQuery(LimitQuery):
    skip = serializers.IntegerField(min_value=0, max_value=LARGEST, default=0)


@lru_cache(maxsize=64)
def _read(query, given):
    return validated(query(data=dict(given)))


def page(queryset, skip, limit):
    """`{"items": one page's objects, "total": the number of all}`."""
    return {"items": list(queryset[skip : min(skip + limit, LARGEST)]), "total": queryset.count()}
