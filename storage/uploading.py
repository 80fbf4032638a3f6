"""What browsers upload, on its way to the disk of the bucket: the system's temporary folder may be small, or memory."""

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from .staging import unnamed


class BoundedUpload(FileUploadHandler):
    """Keeps a file in a nameless one, which goes with the request or its process.

    Beyond what any upload may have nothing more is kept, so that nobody fills the disk. The size tells of it:
    that of all that came.
    """

    chunk_size = 1024 * 1024

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.file = unnamed()
        self.most = max(settings.UPLOAD_MAX_MB, settings.UPLOAD_CLIP_MAX_MB) * 2**20

    def receive_data_chunk(self, raw_data, start):
        if start < self.most:
            self.file.write(raw_data)

    def file_complete(self, file_size):
        self.file.seek(0)
        return UploadedFile(
            self.file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )

    def upload_interrupted(self):
        if self.file:
            self.file.close()
