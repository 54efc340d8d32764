"""Somebody who uses the demo site over HTTP, as a browser without JavaScript does: cookies, forms, redirects."""

from __future__ import annotations

import re
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

CARD = re.compile(r'<article class="post[^"]*" id="post-(\d+)".*?</article>', re.DOTALL)
TEXT = re.compile(r'<div class="text"[^>]*>(.*?)</div>', re.DOTALL)
MORE = re.compile(r'<a class="more-posts" href="([^"]+)"')


class Visitor:
    """`get` and `post` answer the HTML and raise on an error of the site; `status` is the last answer's."""

    def __init__(self, address: str, person: str = "") -> None:
        self.address, self.cookies, self.status = address, CookieJar(), 0
        self._open = build_opener(HTTPCookieProcessor(self.cookies)).open
        self.get("/accounts/login/")
        if person:
            self.post(f"/you/demo/{person}")

    def get(self, path: str) -> str:
        return self._ask(Request(self.address + path))

    def post(self, path: str, **fields: str) -> str:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        data = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self._ask(Request(self.address + path, data, {"Referer": self.address + "/"}))

    def _ask(self, request: Request) -> str:
        try:
            with self._open(request, timeout=60) as answer:
                self.status = answer.status
                return str(answer.read().decode())
        except HTTPError as error:
            self.status = error.code
            if error.code >= 500:
                raise
            return error.read().decode()

    def for_you(self, pages: int = 1) -> dict[int, str]:
        """The posts of the ranked home in order: id to text."""
        html, found = self.get("/"), {}
        for page in range(pages):
            found |= cards(html)
            more = MORE.search(html)
            if page + 1 == pages or more is None:
                break
            html = self.get("/" + unescape(more.group(1)).removeprefix("/"))
        return found


def cards(html: str) -> dict[int, str]:
    """The cards of a page in order: id to the words of the post."""
    found = {}
    for card in CARD.finditer(html):
        text = TEXT.search(card.group(0))
        words = re.sub(r"<[^>]+>", " ", text.group(1)) if text else ""
        found[int(card.group(1))] = " ".join(unescape(words).split())
    return found
