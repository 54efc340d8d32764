"""Takes the pictures of the README in a Chromium: `make screenshots`, or with SITE_AT= of a demo that already runs."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screenshots"
DESKTOP, PHONE = (1280, 860), (390, 844)
# name: person, path, size, dark, language, what to press before the picture is taken
PICTURES: dict[str, tuple[str, str, tuple[int, int], bool, str, str]] = {
    "home-desktop": ("mara_quill", "/", DESKTOP, False, "en", ""),
    "home-desktop-dark-zh": ("gradient_wen", "/", DESKTOP, True, "zh-hans", ""),
    "home-phone": ("priya_lanterman", "/", PHONE, False, "en", ""),
    "home-phone-dark-zh": ("lin_yue", "/", PHONE, True, "zh-hans", ""),
    "why-desktop": ("rosa_delmonte", "/", DESKTOP, False, "en", ".why-link"),
    "interests-desktop": ("mara_quill", "/you/interests", DESKTOP, False, "en", ""),
    "profile-phone": ("lin_yue", "/@lin_yue", PHONE, False, "zh-hans", ""),
    "search-desktop": ("benoit_carr", "/search?q=knee pain from running", DESKTOP, False, "en", ""),
    "admin-desktop": ("admin_ines", "/admin/", DESKTOP, False, "en", ""),
}


@contextmanager
def town() -> Iterator[str]:
    """The address of a demo: a running one, or one of our own."""
    if os.environ.get("SITE_AT"):
        yield os.environ["SITE_AT"].rstrip("/")
        return
    sys.path.insert(0, str(ROOT))
    from tests.kill.site import Demo, free_port, own_folder

    var = own_folder()
    demo = Demo(var, free_port())
    demo.start()
    try:
        demo.wait_open(seconds=600)
        yield f"http://localhost:{demo.port}"
    finally:
        demo.stop()
        shutil.rmtree(var, ignore_errors=True)


def take(browser: Browser, address: str, name: str) -> None:
    person, path, (width, height), dark, language, press = PICTURES[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=1 if width > 1000 else 2,
        color_scheme="dark" if dark else "light",
        locale="zh-CN" if language.startswith("zh") else "en-GB",
    )
    context.add_cookies([{"name": "django_language", "value": language, "url": address}])
    page = context.new_page()
    sign_in(page, address, person)
    page.goto(address + path, wait_until="networkidle")
    if press:
        page.locator(press).first.click()
        page.wait_for_timeout(800)
    save(page.screenshot(), FOLDER / f"{name}.png")
    context.close()
    sys.stdout.write(f"{name}.png\n")


def sign_in(page: Page, address: str, person: str) -> None:
    """By the person's button on the log-in page."""
    page.goto(address + "/accounts/login/")
    page.locator(f'form[action="/you/demo/{person}"] button').click()
    page.wait_for_url(address + "/")


def save(png: bytes, path: Path) -> None:
    """With a palette of 256 colours: a third of the size, and no difference that one sees."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    chromium = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    if chromium is None:
        sys.exit("The pictures are taken in a Chromium; install one first.")
    with town() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name in sys.argv[1:] or PICTURES:
            take(browser, address, name)
        browser.close()


if __name__ == "__main__":
    main()
