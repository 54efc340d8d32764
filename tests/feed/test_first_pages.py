"""The first walk: open home, publish, see it, like it."""

from django.urls import reverse

from feed.models import Like, Post


def test_everyone_reads_the_public_page(seen_by, say, bob):
    say(bob, "A public line about rain")
    answer = seen_by().get("/")
    assert answer.status_code == 200
    assert "A public line about rain" in answer.content.decode()


def test_publish_like_and_see_it(seen_by, alice, bob):
    writer, reader = seen_by(bob), seen_by(alice)
    sent = writer.post(reverse("feed:publish"), {"text": "Hello #garden <b>x</b>", "place": "post"}, follow=True)
    assert sent.status_code == 200
    post = Post.objects.get(author=bob)
    assert "&lt;b&gt;x&lt;/b&gt;" in sent.content.decode()
    assert [topic.name for topic in post.topics.all()] == ["garden"]
    for tab in ("for-you", "following", "local"):
        assert "Hello" in reader.get(f"/?tab={tab}").content.decode()
    reader.post(reverse("feed:like", args=[post.pk]), {"next": "/?tab=local"})
    assert Like.objects.filter(person=alice, post=post).count() == 1
    post.refresh_from_db()
    assert post.likes_count == 1
    partial = reader.post(reverse("feed:unlike", args=[post.pk]), headers={"HX-Request": "true"})
    assert partial.status_code == 200
    assert "<html" not in partial.content.decode()
    assert not Like.objects.exists()


def test_every_page_opens(seen_by, say, alice, bob):
    post = say(bob, "Seen on every page #tea")
    answer = say(alice, "and answered", parent=post)
    anyone = ["/", "/explore", "/explore?language=en", "/help", "/about", "/search", "/search?q=seen", "/topics"]
    anyone += ["/topics/tea", "/groups", "/@bob", "/@bob?tab=replies", "/@bob?tab=media", "/@bob/followers"]
    anyone += ["/@bob/following", post.get_absolute_url(), answer.get_absolute_url()]
    anyone += [post.get_absolute_url() + "/history"]
    for kind in ("people", "topics", "groups"):
        anyone.append(f"/search?q=b&kind={kind}")
    mine = [
        "/suggestions",
        "/compose",
        f"/compose?answer={post.pk}",
        f"/compose?quote={post.pk}",
        "/drafts",
        "/notifications",
    ]
    mine += ["/bookmarks", "/you/welcome", "/you/welcome?step=2", "/you/welcome?step=3", "/you/muted", "/groups/new"]
    mine += [f"/posts/{answer.pk}/edit", f"/posts/{answer.pk}/delete", f"/posts/{post.pk}/report", "/@bob/report"]
    mine += ["/complete/people?q=b", "/complete/topics?q=t", f"/new?since={post.pk - 1}"]
    visitor, signed_in = seen_by(), seen_by(alice)
    for url in anyone:
        assert visitor.get(url).status_code == 200, url
    for url in anyone + mine:
        assert signed_in.get(url).status_code == 200, url
