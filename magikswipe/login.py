"""The admin's login: who tries too often has to wait.

Counted by our own tallies, which the API's throttles need anyway, and not by a package with tables, middleware and
pages of its own: there is one form to watch.
"""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from unfold.forms import AuthenticationForm

from . import clients, tallies

WINDOW_SECONDS = 15 * 60
# With one name from one network, and from one network with any names.
MOST_PER_NAME, MOST_PER_NETWORK = 10, 100


class LoginForm(AuthenticationForm):
    def clean(self):
        """Counted before the password is looked at, so that tries at the same time are not free.

        A login that succeeds was no try: an office whose editors all log in from one address is not locked out.
        """
        network = clients.network(self.request)
        who = f"{network} {self.cleaned_data.get('username', '').casefold()}"
        self._count("login", who, MOST_PER_NAME)
        self._count("logins", network, MOST_PER_NETWORK)
        cleaned = super().clean()
        tallies.forget("login", who)
        tallies.take_back("logins", network)
        return cleaned

    def _count(self, kind, who, most):
        count, seconds = tallies.add(kind, who, WINDOW_SECONDS)
        if count > most:
            self.request.login_wait = seconds
            minutes = -(-seconds // 60)
            raise forms.ValidationError(
                _("Too many tries to log in; try again in %(minutes)s minutes.") % {"minutes": minutes}
            )


def view(request):
    """The admin's login page; 429 with Retry-After for who has to wait."""
    response = admin.site.login(request)
    if seconds := getattr(request, "login_wait", 0):
        response.status_code = 429
        response["Retry-After"] = str(seconds)
    return response
