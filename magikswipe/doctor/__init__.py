"""What can be wrong with an installation, and mending it; `manage.py doctor` asks."""
