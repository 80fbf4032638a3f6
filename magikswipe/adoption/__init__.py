"""The old FastAPI backend's installation, taken over by the first `manage.py migrate`; docs/moving.md tells of it.

Its SQLite database has our tables' names and columns, with ids, times and constraints of another kind: the rows are
copied through the models into a new file, which then takes the old one's place. Files stay where they are.
"""

# The type of a job of the old backend that we do not have; without steps it has ended for good.
LEGACY = "legacy"
