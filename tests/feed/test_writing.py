"""Publishing, answering, quoting, changing, deleting: through the pages, without JavaScript and with HTMX."""

from __future__ import annotations

import pytest
from django.urls import reverse

from feed import actions
from feed.models import Draft, Notification, Post, Revision

HTMX = {"HX-Request": "true"}
PUBLISH = "/compose"


def body(answer):
    return answer.content.decode()


def test_publish_without_javascript_goes_to_the_post_and_drops_the_draft(seen_by, alice):
    Draft.objects.create(person=alice, place="post", fields={"text": "beg"})
    answer = seen_by(alice).post(PUBLISH, {"text": "begun and ended", "place": "post"})
    post = Post.objects.get()
    assert answer.status_code == 302
    assert answer.url == post.get_absolute_url()
    assert not Draft.objects.exists()


def test_publish_with_htmx_answers_the_card_and_a_fresh_key(seen_by, alice):
    sent = {"text": "quick one", "place": "post", "idempotency_key": "k1"}
    answer = seen_by(alice).post(PUBLISH, sent, headers=HTMX)
    assert answer.status_code == 201
    assert f'id="post-{Post.objects.get().pk}"' in body(answer)
    assert "<html" not in body(answer)
    assert answer.headers["X-Composer-Key"] not in ("", "k1")


def test_a_form_sent_twice_is_one_post(seen_by, alice):
    browser = seen_by(alice)
    for _ in range(3):
        browser.post(PUBLISH, {"text": "only once", "place": "post", "idempotency_key": "same"})
    assert Post.objects.count() == 1
    alice.profile.refresh_from_db()
    assert alice.profile.posts_count == 1


def test_answer_and_quote_by_place(seen_by, say, alice, bob):
    post = say(bob, "a question")
    browser = seen_by(alice)
    answer = browser.post(PUBLISH, {"text": "an answer", "place": f"answer:{post.pk}"})
    reply = Post.objects.get(text="an answer")
    assert reply.parent_id == post.pk
    assert answer.url == f"{post.get_absolute_url()}#post-{reply.pk}"
    browser.post(PUBLISH, {"text": "look", "place": f"quote:{post.pk}"})
    assert Post.objects.get(text="look").quote_id == post.pk
    post.refresh_from_db()
    assert (post.comments_count, post.quotes_count) == (1, 1)
    assert set(Notification.objects.filter(recipient=bob).values_list("kind", flat=True)) >= {"comment", "quote"}


def test_a_thread_shows_what_was_answered(seen_by, say, alice, bob):
    post = say(bob, "the question of the day")
    deep = say(bob, "deeper", parent=say(alice, "first answer", parent=post))
    page = body(seen_by(alice).get(deep.get_absolute_url()))
    assert "the question of the day" in page
    assert "first answer" in page
    assert f'name="place" value="answer:{deep.pk}"' in page


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Write something first"),
        ("   \n\t ", "Write something first"),
        ("\u200b\u2060\ufeff", "Write something first"),
        ("\u3164\u2800", "Write something first"),
        ("x" * 501, "1 character too long"),
        ("长" * 600, "100 characters too long"),
        ("👨‍👩‍👧‍👦" * 501, "1 character too long"),
        ("long " * 20_000, "far too long"),
        (" ".join(f"#tag{n}" for n in range(10_000)), "far too long"),
        (" ".join(f"#t{n}" for n in range(30)), "at most 20 hashtags"),
        (" ".join(f"@bo{n}" for n in range(30)), "at most 20 people"),
    ],
)
def test_refused_texts_are_kept_in_the_form(seen_by, alice, text, words, headers):
    answer = seen_by(alice).post(PUBLISH, {"text": text, "place": "post"}, headers=headers)
    assert answer.status_code == 422
    assert words in body(answer)
    assert answer.context["form"]["text"].value() == text
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("👨‍👩‍👧‍👦 family 🏳️‍🌈", "👨‍👩‍👧‍👦 family 🏳️‍🌈"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("bell\x07 and null\x00 gone", "bell and null gone"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('<img src=x onerror="alert(1)">', "&lt;img src=x onerror="),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("{{ settings.SECRET_KEY }} {% now %}", "{{ settings.SECRET_KEY }}"),
        ("Z̷̡̛͖̗̘̙̜̝̞̟̠̤̥̦̩̪̫̬̭̮̯̰̱̲̳̹̺̻̼͇͈͉͍͎͓͔͕a", "Z̷"),
        ("x" * 500, "x" * 500),
        ("'; DROP TABLE feed_post; --", "DROP TABLE feed_post"),
    ],
)
def test_strange_texts_are_published_harmlessly(seen_by, alice, text, shown):
    answer = seen_by(alice).post(PUBLISH, {"text": text, "place": "post"}, follow=True)
    assert answer.status_code == 200
    assert shown in body(answer)
    post = Post.objects.get()
    assert "<script" not in post.html
    assert "<img" not in post.html
    assert "\x00" not in post.text


@pytest.mark.parametrize(
    "place", ["nowhere", "answer:", "answer:x", "answer:999", "answer:" + "9" * 40, "quote:1", "group:no"]
)
def test_places_that_do_not_exist_keep_the_text(seen_by, alice, place):
    answer = seen_by(alice).post(PUBLISH, {"text": "do not lose me", "place": place})
    assert answer.status_code in (404, 422)
    assert "do not lose me" in body(answer)
    assert not Post.objects.exists()


def test_a_blocked_persons_thread_cannot_be_opened_or_answered(seen_by, say, alice, mallory):
    post, theirs = say(alice, "not for mallory"), say(mallory, "not for alice")
    for person, other in ((mallory, post), (alice, theirs)):
        browser = seen_by(person)
        assert browser.get(other.get_absolute_url()).status_code == 404
        assert browser.get(other.get_absolute_url() + "/history").status_code == 404
        answer = browser.post(PUBLISH, {"text": "still mine", "place": f"answer:{other.pk}"})
        assert answer.status_code == 404
        assert "still mine" in body(answer)
        for verb in ("like", "repost", "bookmark", "not_interested", "report"):
            assert browser.post(reverse(f"feed:{verb}", args=[other.pk])).status_code == 404
    assert Post.objects.count() == 2


def test_a_post_made_unreadable_while_answering_keeps_the_text(seen_by, say, alice, bob):
    post = say(bob, "going away")
    actions.delete(bob, post)
    answer = seen_by(alice).post(PUBLISH, {"text": "my long answer", "place": f"answer:{post.pk}"})
    assert answer.status_code == 404
    assert "my long answer" in body(answer)


@pytest.mark.parametrize("method", ["get", "post"])
def test_other_peoples_posts_cannot_be_changed(seen_by, say, alice, bob, method):
    post = say(bob, "bob's words")
    browser = seen_by(alice)
    for name in ("edit", "delete"):
        assert getattr(browser, method)(reverse(f"feed:{name}", args=[post.pk]), {"text": "x"}).status_code == 403
    assert browser.post(reverse("feed:language", args=[post.pk]), {"language": "zh"}).status_code == 403
    assert browser.post(reverse("feed:restore", args=[post.pk])).status_code == 404
    post.refresh_from_db()
    assert (post.text, post.deleted_at) == ("bob's words", None)


@pytest.mark.parametrize("pk", ["0", "1", "9223372036854775807", "9223372036854775808", "9" * 19, "9" * 40])
def test_ids_that_lead_nowhere_are_not_found(seen_by, alice, pk):
    browser = seen_by(alice)
    for url in (f"/@alice/{pk}", f"/posts/{pk}", f"/posts/{pk}/edit", f"/why/{pk}", f"/posts/{pk}/delete"):
        assert browser.get(url).status_code == 404
    for url in (f"/posts/{pk}/like", f"/feedback/{pk}/undo", f"/reports/{pk}/withdraw", f"/posts/{pk}/restore"):
        assert browser.post(url).status_code in (403, 404)


def test_the_address_of_a_post_names_its_author(seen_by, say, alice, bob):
    post = say(bob, "mine")
    answer = seen_by(alice).get(f"/@alice/{post.pk}")
    assert answer.status_code == 302
    assert answer.url == post.get_absolute_url()


def test_an_edit_keeps_the_history_and_a_stale_one_is_refused(seen_by, say, alice, bob):
    post = say(alice, "first words")
    one = seen_by(alice)
    url = reverse("feed:edit", args=[post.pk])
    seen = one.get(url).context["seen"]
    assert one.post(url, {"text": "second words", "seen": seen}).status_code == 302
    stale = one.post(url, {"text": "from the other tab", "seen": seen})
    assert stale.status_code == 422
    assert "from the other tab" in body(stale)
    assert "changed elsewhere" in body(stale)
    post.refresh_from_db()
    assert post.text == "second words"
    assert Revision.objects.get().text == "first words"
    assert "first words" in body(seen_by(bob).get(post.get_absolute_url() + "/history"))
    fresh = stale.context["seen"]
    assert one.post(url, {"text": "from the other tab", "seen": fresh}).status_code == 302


def test_delete_asks_takes_away_and_gives_back(seen_by, say, alice):
    post = say(alice, "short-lived")
    browser = seen_by(alice)
    url = reverse("feed:delete", args=[post.pk])
    assert browser.get(url).status_code == 200
    page = browser.post(url, {"next": post.get_absolute_url()}, follow=True)
    assert page.redirect_chain[-1][0] == "/"
    undo = reverse("feed:restore", args=[post.pk])
    assert undo in body(page)
    assert browser.get(post.get_absolute_url()).status_code == 404
    assert browser.post(url).status_code == 302  # twice is once
    alice.profile.refresh_from_db()
    assert alice.profile.posts_count == 0
    browser.post(undo)
    assert browser.get(post.get_absolute_url()).status_code == 200
    alice.profile.refresh_from_db()
    assert alice.profile.posts_count == 1


def test_delete_with_htmx_offers_the_undo_in_place(seen_by, say, alice):
    post = say(alice, "short-lived")
    answer = seen_by(alice).post(reverse("feed:delete", args=[post.pk]), headers=HTMX)
    assert reverse("feed:restore", args=[post.pk]) in body(answer)
    back = seen_by(alice).post(reverse("feed:restore", args=[post.pk]), headers=HTMX)
    assert f'id="post-{post.pk}"' in body(back)


def test_language_is_corrected_by_the_author(seen_by, say, alice):
    post = say(alice, "bonjour", language="en")
    url = reverse("feed:language", args=[post.pk])
    seen_by(alice).post(url, {"language": "fr"})
    post.refresh_from_db()
    assert post.language == "fr"
    answer = seen_by(alice).post(url, {"language": "klingon"}, follow=True)
    assert "Choose a language" in body(answer)


def test_who_can_read_it(seen_by, alice, bob, charlie):
    seen_by(bob).post(PUBLISH, {"text": "for followers", "place": "post", "visibility": "followers"})
    post = Post.objects.get()
    assert post.visibility == "followers"
    assert seen_by(alice).get(post.get_absolute_url()).status_code == 200
    assert seen_by(charlie).get(post.get_absolute_url()).status_code == 404
    assert seen_by().get(post.get_absolute_url()).status_code == 404
    assert seen_by(alice).post(reverse("feed:repost", args=[post.pk])).status_code == 403
    answer = seen_by(bob).post(PUBLISH, {"text": "x", "place": "post", "visibility": "everyone!"})
    assert answer.status_code == 422


def test_a_content_warning_covers_the_text(seen_by, alice, bob):
    seen_by(bob).post(PUBLISH, {"text": "the ending", "place": "post", "content_warning": "spoiler"})
    assert Post.objects.get().content_warning == "spoiler"
    assert "spoiler" in body(seen_by(alice).get("/?tab=local"))
    long = seen_by(bob).post(PUBLISH, {"text": "x", "place": "post", "content_warning": "w" * 121})
    assert long.status_code == 422
    assert "at most 120" in body(long)


def test_drafts_are_kept_restored_listed_and_thrown_away(seen_by, say, alice, bob):
    browser = seen_by(alice)
    post = say(bob, "question")
    save = reverse("feed:draft_save")
    assert browser.post(save, {"place": "post", "text": "half a thou"}).status_code == 204
    assert browser.post(save, {"place": "post", "text": "half a thought"}).status_code == 204
    assert browser.post(save, {"place": f"answer:{post.pk}", "text": "half an answer"}).status_code == 204
    assert Draft.objects.filter(person=alice).count() == 2
    assert "half a thought" in body(browser.get("/"))
    assert "half an answer" in body(browser.get(post.get_absolute_url()))
    listed = body(browser.get("/drafts"))
    assert "half a thought" in listed
    assert f"/compose?answer={post.pk}" in listed
    browser.post(reverse("feed:draft_delete", args=[Draft.objects.get(place="post").pk]))
    browser.post(save, {"place": f"answer:{post.pk}", "text": "  "})
    assert not Draft.objects.exists()


def test_drafts_are_nobody_elses(seen_by, alice, bob):
    draft = Draft.objects.create(person=bob, place="post", fields={"text": "bob's secret"})
    browser = seen_by(alice)
    browser.post(reverse("feed:draft_delete", args=[draft.pk]))
    assert Draft.objects.filter(pk=draft.pk).exists()
    assert "bob's secret" not in body(browser.get("/drafts"))
    assert browser.post(reverse("feed:draft_save"), {"place": "evil place", "text": "x"}).status_code in (302, 422)
    assert Draft.objects.count() == 1


def test_text_survives_a_lost_session(seen_by, alice):
    browser = seen_by(alice)
    browser.logout()
    answer = browser.post(PUBLISH, {"text": "two hours of work", "place": "post"})
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login")
    browser.force_login(alice)
    page = body(browser.get("/compose"))
    assert "two hours of work" in page
    assert not Post.objects.exists()


def test_a_form_without_its_token_shows_the_text(seen_by, alice):
    browser = seen_by(alice, enforce_csrf_checks=True)
    answer = browser.post(PUBLISH, {"text": "kept despite all", "place": "post"})
    assert answer.status_code == 403
    assert "kept despite all" in body(answer)
    assert not Post.objects.exists()


def test_too_many_posts_are_refused_with_the_text(seen_by, alice, settings):
    settings.RATE_LIMITS_ENABLED = True
    browser = seen_by(alice)
    answers = [browser.post(PUBLISH, {"text": f"spam {n}", "place": "post"}) for n in range(22)]
    assert answers[-1].status_code == 429
    assert "spam 21" in body(answers[-1])
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert Post.objects.count() == 20


def test_a_dead_cache_limits_nobody(seen_by, alice, settings):
    settings.RATE_LIMITS_ENABLED = True
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "unix:///nowhere/redis.sock",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True},
        }
    }
    browser = seen_by(alice)
    for n in range(25):
        assert browser.post(PUBLISH, {"text": f"post {n}", "place": "post"}).status_code == 302
    assert browser.get("/").status_code == 200
    assert Post.objects.count() == 25


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_next_never_leads_to_another_site(seen_by, say, alice, bob, target):
    post = say(bob, "x")
    browser = seen_by(alice)
    assert browser.post(reverse("feed:like", args=[post.pk]), {"next": target}).url == "/"
    assert "evil" not in browser.post(PUBLISH, {"text": "y", "place": "post", "next": target}).url


def test_verbs_want_post_and_a_person(seen_by, say, alice, bob):
    post = say(bob, "x")
    for name in ("like", "unlike", "repost", "bookmark", "not_interested", "restore"):
        url = reverse(f"feed:{name}", args=[post.pk])
        assert seen_by(alice).get(url).status_code == 405
        assert seen_by().post(url).url.startswith("/accounts/login")
        assert seen_by().post(url, headers=HTMX).headers["HX-Redirect"].startswith("/accounts/login")
