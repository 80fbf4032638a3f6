"""The path of the folder's class in settings of earlier versions."""

from .folder import FolderStorage

__all__ = ["FolderStorage"]
