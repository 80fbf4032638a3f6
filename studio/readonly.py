"""What hangs on a row, shown to those who may only look: for them, the admin fills no form, and shows columns alone."""

from unfold.decorators import display

from .html import NOTHING


def shows_stored(form_class):
    """A mixin for the ModelAdmin with this StoredForm: its fields that are no columns of the row, as text."""
    names = [name for name in form_class.base_fields if name not in form_class._meta.fields]
    return type("ShowsStored", (), {name: _shown(form_class, name) for name in names})


def _shown(form_class, name):
    @display(description=form_class.base_fields[name].label)
    def show(self, item):
        return _stored(form_class, item).get(name) or NOTHING

    return show


def _stored(form_class, item):
    """All that hangs on the row, read once for all fields of a page."""
    if not hasattr(item, "stored_values"):
        item.stored_values = form_class(instance=item).initial
    return item.stored_values
