"""Pictures that people send: verified by decoding, turned upright, stripped of metadata, written anew as WebP."""

from __future__ import annotations

import io
import warnings

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def reencode(
    upload: UploadedFile, *, longest: int = 2048, crop: tuple[int, int] | None = None
) -> tuple[ContentFile, int, int]:
    """A clean WebP of an upload, its width and height in pixels. Raises `ValidationError` with words for people.

    What is stored was decoded and drawn again, so nothing of the file survives but its pixels. Of moving pictures, the
    first frame. `crop` cuts to a ratio around the middle and scales to that size.
    """
    if upload.size is not None and upload.size > settings.UPLOAD_MAX_BYTES:
        megabytes = settings.UPLOAD_MAX_BYTES // 1_000_000
        raise ValidationError(_("This picture is too large. Send one of at most %(n)d MB.") % {"n": megabytes})
    image = _decode(upload)
    image = ImageOps.exif_transpose(image)
    image = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    if crop is not None:
        image = ImageOps.fit(image, crop, Image.Resampling.LANCZOS)
    elif max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=84, method=4)
    return ContentFile(file.getvalue(), name="picture.webp"), image.width, image.height


def _decode(upload: UploadedFile) -> Image.Image:
    """The first frame, fully decoded. The size is read from the head of the file before a pixel is unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            upload.seek(0)
            image = Image.open(upload, formats=FORMATS)
            if image.width * image.height > settings.UPLOAD_MAX_PIXELS:
                raise ValidationError(_("This picture has too many pixels. Make it smaller and send it again."))
            image.load()
    except ValidationError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValidationError(_("This picture has too many pixels. Make it smaller and send it again.")) from None
    except Exception:
        # Pillow raises many kinds on broken files; each means the same to the person.
        raise ValidationError(
            _("This file is not a picture that can be read. Send a JPEG, PNG, WebP or GIF.")
        ) from None
    return image
