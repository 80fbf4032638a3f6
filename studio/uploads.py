"""An archive on its way from a form to the disk of the bucket, whatever the system's temporary folder can hold."""

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from universes.errors import TooLarge
from universes.services import imports


class ArchiveUpload(FileUploadHandler):
    """Writes what is uploaded to `path`; `refused` is the TooLarge when it was more than is taken."""

    chunk_size = 1024 * 1024

    def __init__(self, request, path):
        super().__init__(request)
        self.path, self.size, self.refused = path, 0, None

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.file = self.path.open("wb")

    def receive_data_chunk(self, raw_data, start):
        self.size += len(raw_data)
        try:
            imports.check_size(self.size)
        except TooLarge as error:
            self.refused = error
            # The rest is read and dropped: a browser whose connection breaks shows no answer.
            raise StopUpload(connection_reset=False) from None
        self.file.write(raw_data)

    def file_complete(self, file_size):
        self.file.close()
        return UploadedFile(name=self.file_name, content_type=self.content_type, size=file_size)

    def upload_interrupted(self):
        self.file.close()
