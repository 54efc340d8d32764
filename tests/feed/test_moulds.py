"""Cards are cast from moulds: each says its own post's numbers and names, in the reader's language, escaped."""

from __future__ import annotations

import re

from django.urls import reverse
from django.utils import translation

from feed.models import Post, Topic
from feed.templatetags import moulds


def card(html: str, post: Post) -> str:
    return html.split(f'id="post-{post.pk}"')[1].split("</article>")[0]


def test_each_card_speaks_of_its_own_post(seen_by, say, alice, bob, charlie):
    theirs, other = say(bob, "one"), say(charlie, "two")
    own = say(alice, "three")
    Post.objects.filter(pk=other.pk).update(likes_count=1234)
    html = seen_by(alice).get("/?tab=local").content.decode()
    assert reverse("feed:like", args=[theirs.pk]) in card(html, theirs)
    assert "Mute @bob" in card(html, theirs)
    assert str(other.pk) not in card(html, theirs)
    assert '<span class="count" data-count="likes">1.2K</span>' in card(html, other)
    assert "Mute @charlie" in card(html, other)
    assert reverse("feed:delete", args=[own.pk]) in card(html, own)
    assert "Mute @" not in card(html, own)
    assert reverse("feed:delete", args=[own.pk]) not in card(html, theirs)


def test_no_stand_in_reaches_a_page(seen_by, say, alice, bob):
    say(bob, "about #tea")
    for reader in (seen_by(), seen_by(alice), seen_by(bob)):
        html = reader.get("/?tab=local").content.decode()
        assert [stand_in for stand_in in moulds.STAND_INS.values() if stand_in in html] == []


def test_a_title_is_escaped_and_a_stand_in_inside_it_stays_text(seen_by, say, alice, bob):
    post = say(bob, "about #tea")
    Topic.objects.update(title_en=f"<b>{moulds.STAND_INS['likes']}", title_zh="茶")
    html = seen_by(alice).get("/?tab=local").content.decode()
    assert "Fewer about <bdi>&lt;b&gt;mould-of-likes</bdi>" in card(html, post)


def test_the_language_of_the_reader_makes_another_mould(seen_by, say, alice, bob):
    post = say(bob, "one")
    with translation.override("zh-hans"):
        wanted = translation.gettext("Not interested")
    client = seen_by(alice)
    english = card(client.get("/?tab=local").content.decode(), post)
    client.cookies["django_language"] = "zh-hans"
    alice.profile.interface_language = "zh-hans"
    alice.profile.save()
    chinese = card(client.get("/?tab=local").content.decode(), post)
    assert "Not interested" in english
    assert wanted in chinese
    assert "Not interested" not in chinese


def test_the_token_of_a_card_is_the_one_of_its_page(seen_by, say, alice, bob):
    say(bob, "one"), say(bob, "two")
    client = seen_by(alice)
    html = client.get("/?tab=local").content.decode()
    tokens = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html))
    assert len(tokens) == 1
    assert set(re.findall(r'name="next" value="([^"]+)"', html)) == {"/?tab=local"}
