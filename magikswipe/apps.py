from django.apps import AppConfig


class MagikswipeConfig(AppConfig):
    name = "magikswipe"
