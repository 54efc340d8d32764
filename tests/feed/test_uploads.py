"""Pictures: only what decodes, small, upright, without metadata; described; kept when the post is refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from feed import actions
from feed.models import Attachment, Post


def picture(kind="JPEG", size=(64, 48), **save):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **save)
    return SimpleUploadedFile(f"photo.{kind.lower()}", out.getvalue(), f"image/{kind.lower()}")


def upload(browser, file, **more):
    return browser.post("/uploads", {"image": file, **more})


def test_a_picture_is_reencoded_without_metadata(seen_by, alice):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretCamera"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    answer = upload(seen_by(alice), picture(size=(3000, 1500), exif=exif), alt="A field")
    row = Attachment.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"id": str(row.pk), "url": row.image.url, "width": 1024, "height": 2048}
    assert (row.owner, row.post, row.alt) == (alice, None, "A field")
    raw = row.image.read()
    assert b"SecretCamera" not in raw
    stored = Image.open(io.BytesIO(raw))
    assert (stored.format, stored.size) == ("WEBP", (1024, 2048))
    assert not stored.getexif()
    assert row.image.name.endswith(".webp")


def test_the_first_frame_of_a_moving_picture(seen_by, alice):
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    upload(seen_by(alice), SimpleUploadedFile("a.gif", out.getvalue()))
    stored = Image.open(io.BytesIO(Attachment.objects.get().image.read()))
    assert getattr(stored, "n_frames", 1) == 1
    assert stored.convert("RGB").getpixel((10, 10))[0] > 200


def bomb():
    """A PNG that claims 60,000 × 60,000 pixels in a few bytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("fake.jpg", b"<script>alert(1)</script>", "not a picture"),
        ("fake.png", b"\x89PNG\r\n\x1a\nbroken", "not a picture"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "not a picture"),
        ("empty.jpg", b"", ""),
        ("bomb.png", bomb(), "too many pixels"),
        ("page.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "not a picture"),
    ],
)
def test_fakes_are_refused_in_words(seen_by, alice, name, content, words):
    answer = upload(seen_by(alice), SimpleUploadedFile(name, content, "image/jpeg"))
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert not Attachment.objects.exists()


def test_a_truncated_picture_is_refused(seen_by, alice):
    whole = picture(size=(400, 400)).read()
    answer = upload(seen_by(alice), SimpleUploadedFile("half.jpg", whole[: len(whole) // 2]))
    assert answer.status_code == 422


def test_too_large_a_file_is_refused(seen_by, alice, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    answer = upload(seen_by(alice), SimpleUploadedFile("big.jpg", b"x" * 5000))
    assert answer.status_code == 422
    assert "too large" in answer.json()["error"]
    assert upload(seen_by(alice), "no file").status_code == 422


def test_uploaded_pictures_join_the_post_with_their_descriptions(seen_by, alice, bob):
    browser = seen_by(alice)
    ids = [upload(browser, picture()).json()["id"] for _ in range(2)]
    sent = {"text": "", "place": "post", "attachments": ids, "alts": ["first <b>", "second"]}
    browser.post("/compose", sent)
    post = Post.objects.get()
    assert list(post.attachments.values_list("alt", flat=True)) == ["first <b>", "second"]
    page = seen_by(bob).get("/?tab=local").content.decode()
    assert post.attachments.first().image.url in page
    assert "first &lt;b&gt;" in page


def test_pictures_of_others_or_used_ones_are_not_taken(seen_by, alice, bob):
    mine = upload(seen_by(bob), picture()).json()["id"]
    used = Attachment.objects.create(
        owner=alice, image="x.webp", width=1, height=1, post=actions.publish(alice, "older")
    )
    sent = {"text": "mine now", "place": "post", "attachments": [mine, str(used.pk), "x", "9" * 30], "alts": []}
    seen_by(alice).post("/compose", sent)
    assert Post.objects.get(text="mine now").attachments.count() == 0
    assert Attachment.objects.get(pk=mine).post is None


def test_without_javascript_pictures_come_with_the_form_and_survive_a_refusal(seen_by, alice):
    browser = seen_by(alice)
    answer = browser.post("/compose", {"text": "x" * 600, "place": "post", "images": [picture(), picture("PNG")]})
    assert answer.status_code == 422
    kept = [row.pk for row in answer.context["form"].uploaded]
    assert kept == list(Attachment.objects.order_by("pk").values_list("pk", flat=True))
    assert len(kept) == 2
    assert f'value="{kept[0]}"' in answer.content.decode()
    browser.post("/compose", {"text": "shorter", "place": "post", "attachments": kept, "alts": ["a", "b"]})
    assert Post.objects.get().attachments.count() == 2


def test_a_fake_among_the_forms_pictures_keeps_the_text(seen_by, alice):
    fake = SimpleUploadedFile("fake.jpg", b"nope")
    answer = seen_by(alice).post("/compose", {"text": "precious words", "place": "post", "images": [fake]})
    assert answer.status_code == 422
    assert "precious words" in answer.content.decode()
    assert "not a picture" in answer.content.decode()
    assert not Post.objects.exists()


def test_five_pictures_are_too_many(seen_by, alice):
    browser = seen_by(alice)
    ids = [upload(browser, picture()).json()["id"] for _ in range(5)]
    answer = browser.post("/compose", {"text": "many", "place": "post", "attachments": ids})
    assert answer.status_code == 422
    assert "at most 4" in answer.content.decode()
    assert Attachment.objects.filter(post=None).count() == 5


def test_uploads_are_limited(seen_by, alice, settings):
    settings.RATE_LIMITS_ENABLED = True
    browser = seen_by(alice)
    codes = [upload(browser, "no file").status_code for _ in range(32)]
    assert codes[0] == 422
    assert codes[-1] == 429
