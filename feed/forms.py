"""What people type into the pages, checked for shape. What may be done is decided by the verbs in `actions`."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf.locale import LANG_INFO
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import BEHAVIOUR_HELP, TRAINING_HELP, AsksSigns
from accounts.models import User
from feed import text as texts
from feed.models import Attachment, Draft, Group, Report, Topic
from feed.models.post import Visibility

RAW_TEXT = 40_000  # what a form takes at all; the length people count is checked by the verb
_CODES = (
    "en",
    "zh",
    "ar",
    "bn",
    "cs",
    "da",
    "de",
    "el",
    "es",
    "fa",
    "fi",
    "fr",
    "he",
    "hi",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
) + ("nb", "nl", "pl", "pt", "ro", "ru", "sv", "sw", "ta", "th", "tr", "uk", "ur", "vi")
POST_LANGUAGES = [
    (code, LANG_INFO["zh-hans" if code == "zh" else code]["name_local"])
    for code in _CODES
    if code in {*LANG_INFO, "zh"}
]
PLACES = ("post", "answer", "quote", "group", "edit")


class Several(forms.Field):
    """All values sent under one name, in their order."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        return [texts.clean(str(one)) for one in (value or [])][:20]


class TypedText(forms.CharField):
    """Text as typed; null characters, which no database keeps, are left out instead of refused."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\x00", "") if isinstance(value, str) else value)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PostForm(forms.Form):
    """The composer: of a post, an answer, a quote, or a post in a group, as its `place` says."""

    text = TypedText(
        label=_("What would you like to say?"),
        required=False,
        strip=False,
        max_length=RAW_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": _("This is far too long. Your text is kept: shorten it and send again.")},
    )
    content_warning = TypedText(label=_("Content warning"), required=False, max_length=1000)
    visibility = forms.ChoiceField(
        label=_("Who can read it"), choices=[c for c in Visibility.choices if c[0] != "group"], required=False
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("detect")), *POST_LANGUAGES], required=False, initial=""
    )
    attachments = Several(required=False)
    alts = Several(required=False)
    images = forms.Field(label=_("Pictures"), required=False, widget=ManyFiles(attrs={"accept": "image/*"}))
    idempotency_key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    place = forms.RegexField(rf"^({'|'.join(PLACES)})(:[\w-]{{1,70}})?\Z", required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        files: Any = None,
        *,
        owner: User,
        place: str = "post",
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.owner = owner
        self.restored = False
        start = {"idempotency_key": uuid.uuid4().hex, "place": place, **(initial or {})}
        super().__init__(data, files, initial=start, auto_id=f"{place.replace(':', '-')}-%s")
        self.sent = data if data is not None else QueryDict()
        self.place_value = self._bound_place() or place

    @classmethod
    def opened(cls, owner: User, place: str = "post", **initial: Any) -> PostForm:
        """An empty composer, or one with the draft that its owner left at this place."""
        draft = Draft.objects.filter(person=owner, place=place).first()
        kept = {name: draft.fields.get(name, "") for name in DRAFT_FIELDS} if draft else {}
        form = cls(owner=owner, place=place, initial={**initial, **{k: v for k, v in kept.items() if v}})
        form.restored = bool(kept)
        return form

    def add_uploaded(self, rows: list[Attachment]) -> None:
        """Pictures that came with the form itself: named in it from now on, so that they need not be chosen twice."""
        self.sent = self.sent.copy()
        for row in rows:
            self.sent.appendlist("attachments", str(row.pk))
            self.sent.appendlist("alts", "")

    def _bound_place(self) -> str:
        return str(self.data.get("place", ""))[:80] if self.is_bound else ""

    @property
    def dom_place(self) -> str:
        return self.place_value.replace(":", "-")

    def clean_content_warning(self) -> str:
        return " ".join(texts.clean(self.cleaned_data["content_warning"]).split())

    def clean_visibility(self) -> str:
        return self.cleaned_data["visibility"] or Visibility.PUBLIC

    def clean_place(self) -> str:
        return self.cleaned_data["place"] or "post"

    def clean_attachments(self) -> list[int]:
        return [
            int(one) for one in self.cleaned_data["attachments"] if one.isascii() and one.isdigit() and len(one) < 18
        ]

    @property
    def uploaded(self) -> list[Attachment]:
        """The owner's pictures named by the form and not yet in a post, in order, with the descriptions so far."""
        ids = [str(one) for one in self.sent.getlist("attachments")]
        alts = dict(zip(ids, self.sent.getlist("alts"), strict=False))
        wanted = [int(one) for one in ids if one.isascii() and one.isdigit() and len(one) < 18]
        rows = Attachment.objects.filter(owner=self.owner, post=None, pk__in=wanted)
        found = {row.pk: row for row in rows[:20]}
        for pk, row in found.items():
            row.alt = texts.clean(alts.get(str(pk), row.alt))[:1500]
        return [found[pk] for pk in dict.fromkeys(wanted) if pk in found]


DRAFT_FIELDS = ("text", "content_warning", "visibility", "language")


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=Report.Reason.choices, widget=forms.RadioSelect, required=False
    )
    note = TypedText(
        label=_("Anything the moderators should know"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class GroupForm(forms.Form):
    name = TypedText(label=_("Name"), max_length=60)
    slug = forms.SlugField(
        label=_("Address"),
        max_length=60,
        required=False,
        help_text=_("Lowercase letters, digits and hyphens. Left empty, it is made from the name."),
    )
    about = TypedText(
        label=_("What it is about"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    approval = forms.BooleanField(label=_("New members need approval"), required=False)
    topic = forms.ModelChoiceField(
        label=_("Topic"), queryset=Topic.objects.filter(curated=True).order_by("name"), required=False
    )

    def __init__(self, *args: Any, group: Group | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if group is not None:
            del self.fields["slug"]


class MuteWordForm(forms.Form):
    phrase = TypedText(label=_("Word or phrase"), max_length=200, strip=True)
    days = forms.ChoiceField(
        label=_("For how long"),
        required=False,
        choices=[("", _("until I change it")), ("1", _("a day")), ("7", _("a week")), ("30", _("a month"))],
    )


def until(days: str) -> datetime | None:
    """The end of a mute: 1, 7 or 30 days from now; None, for good, for anything else."""
    return timezone.now() + timedelta(days=int(days)) if days in ("1", "7", "30") else None


class LanguagesForm(forms.Form):
    languages = forms.MultipleChoiceField(
        label=_("Languages you read"), choices=POST_LANGUAGES, required=False, widget=forms.CheckboxSelectMultiple
    )


class TopicsForm(forms.Form):
    topics = forms.ModelMultipleChoiceField(
        label=_("Topics you like"),
        queryset=Topic.objects.filter(curated=True, alias_of=None).order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class ConsentForm(AsksSigns):
    behaviour = forms.BooleanField(label=_("Learn from what I do"), required=False, help_text=BEHAVIOUR_HELP)
    training = forms.BooleanField(
        label=_("Train the site's models with my acts"), required=False, help_text=TRAINING_HELP
    )
    field_order = ("behaviour", "signs", "training")
