"""The admin's login: who tries too often has to wait.

Counted by our own tallies, which the API's throttles need anyway, and not by a package with tables, middleware and
pages of its own: there is one form to watch.
"""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from unfold.forms import AuthenticationForm

from api import rate_limits

WINDOW_SECONDS = 15 * 60
# With one name from one network, and from one network with any names.
MOST_PER_NAME, MOST_PER_NETWORK = 10, 100


class LoginForm(AuthenticationForm):
    def clean(self):
        """Counted before the password is looked at, so that tries at the same time are not free.

        A network that has had its tries is refused before its next name is counted: a name is a row in the database.
        A login that succeeds was no try: an office whose editors all log in from one address is not locked out.
        """
        network = rate_limits.network(self.request)
        self._refuse_beyond(MOST_PER_NETWORK - 1, *rate_limits.look("logins", network, WINDOW_SECONDS))
        who = f"{network} {self.cleaned_data.get('username', '').casefold()}"
        self._refuse_beyond(MOST_PER_NAME, *rate_limits.count("login", who, WINDOW_SECONDS))
        self._refuse_beyond(MOST_PER_NETWORK, *rate_limits.count("logins", network, WINDOW_SECONDS))
        cleaned = super().clean()
        rate_limits.forget("login", who)
        rate_limits.take_back("logins", network)
        return cleaned

    def _refuse_beyond(self, most, count, seconds):
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
