"""Uploaded pictures, served by the site itself where no proxy or object store does: files under MEDIA_ROOT only."""

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.static import serve


def show(request: HttpRequest, path: str) -> HttpResponseBase:
    """One picture. Its name is random and never used again, so browsers may keep it."""
    try:
        answer = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except (OSError, ValueError, SuspiciousFileOperation) as error:  # a name no file there can have
        raise Http404 from error
    if isinstance(
        answer, FileResponse
    ):  # pictures are small, and a stream read piece by piece costs ASGI a thread each
        answer = HttpResponse(
            b"".join(answer), content_type=answer["Content-Type"], headers={"Last-Modified": answer["Last-Modified"]}
        )
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    answer["Content-Disposition"] = "inline"
    return answer
