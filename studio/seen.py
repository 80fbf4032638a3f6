"""Forms of the admin that refuse to overwrite what somebody else saved since they were shown."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _

FIELD = "seen"


class SeenForm(forms.ModelForm):
    """Sends back what it showed (`seen`); a field that became another meanwhile is refused, with what it is now."""

    def texts(self) -> dict[str, str]:
        """The stored values as texts, by field; without the password's hash."""
        names = [name for name, field in self.fields.items() if not field.disabled and name != "password"]
        return {name: _text(self.get_initial_for_field(self.fields[name], name)) for name in names}

    @property
    def seen(self) -> str:
        return json.dumps(self.texts())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        shown = self._shown()
        for name, now in self.texts().items():
            if self.instance.pk and shown.get(name, now) != now:
                said = {"text": now}
                self.add_error(
                    name,
                    _("Meanwhile this became “%(text)s”.") % said
                    + " "
                    + _("Save again to put yours in its place."),
                )
        return cleaned

    def _shown(self) -> dict[str, str]:
        try:
            found = json.loads(self.data.get(FIELD, "{}"))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(sorted(map(str, value)))
    return "" if value is None else str(value)
