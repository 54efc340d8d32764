"""Pictures on their way into a post."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from feed.models import Attachment
from feed.text import clean
from feed.views.access import verb
from feed.views.posts import store_picture
from feed.views.requests import PersonRequest

WAITING_AT_MOST = 40  # pictures of one person that are in no post


@verb("30/m")
def upload(request: PersonRequest) -> HttpResponse:
    """One picture under `image`, its description under `alt`; answers its id as JSON."""
    file = request.FILES.get("image") or next(iter(request.FILES.values()), None)
    try:
        if file is None:
            raise ValidationError(_("Choose a picture first."))
        if Attachment.objects.filter(owner=request.user, post=None).count() >= WAITING_AT_MOST:
            _forget_oldest(request)
        row = store_picture(request.user, file, clean(request.POST.get("alt", "")))
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    answer = {"id": str(row.pk), "url": row.image.url, "width": row.width, "height": row.height}
    return JsonResponse(answer, status=201)


def _forget_oldest(request: PersonRequest) -> None:
    """Pictures that never made it into a post make room, the oldest first."""
    waiting = Attachment.objects.filter(owner=request.user, post=None).order_by("-pk")
    for row in waiting[WAITING_AT_MOST - 1 :]:
        row.image.delete(save=False)
        row.delete()
