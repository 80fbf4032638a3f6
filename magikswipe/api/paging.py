"""Pages by `skip` and `limit`."""

from rest_framework import serializers

from .fields import Query

LARGEST = 2**63 - 1
PAGE = 50
LONGEST_PAGE = 100


class LimitQuery(Query):
    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=PAGE)


class PageQuery(LimitQuery):
    skip = serializers.IntegerField(min_value=0, max_value=LARGEST, default=0)


def page(queryset, skip, limit):
    """`{"items": one page's objects, "total": the number of all}`."""
    return {"items": list(queryset[skip : min(skip + limit, LARGEST)]), "total": queryset.count()}
