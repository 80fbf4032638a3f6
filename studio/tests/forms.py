"""Addresses of the studio, and a page's forms as a browser would send them back."""

from django.urls import reverse


def sent_back(response, **changes):
    """Every field of an admin change form with its value, as POST data; `changes` are what a person typed."""
    data = _form(response.context["adminform"].form)
    for inline in response.context.get("inline_admin_formsets", ()):
        data |= _form(inline.formset.management_form)
        for form in inline.formset.forms:
            data |= _form(form)
    return {**data, **changes}


def _form(form):
    data = {}
    for field in form:
        value = field.value()
        if field.field.disabled or value is False:
            continue
        data[field.html_name] = "on" if value is True else "" if value is None else value
    return data


def address(name, *ids):
    """Of a page or part of the studio."""
    return reverse(f"admin:studio_{name}", args=ids)
