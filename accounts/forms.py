"""Forms about people: signing up, the profile, consent, deletion."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy as _

from accounts import images
from accounts.models import Consent, Profile, Signs, User

MAX_LINKS = 4
BEHAVIOUR_HELP = _(
    "Likes, answers, reposts, bookmarks and follows shape what you are shown."
    " Switching it off deletes what was learned."
)
TRAINING_HELP = _("Without your name. Switched off, your acts are left out from the next night on.")
READING_LANGUAGES = [
    ("en", "English"),
    ("zh", "中文"),
    ("es", "Español"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("pt", "Português"),
    ("it", "Italiano"),
    ("ru", "Русский"),
    ("ar", "العربية"),
    ("hi", "हिन्दी"),
    ("ja", "日本語"),
    ("ko", "한국어"),
]


class SignupForm(AllauthSignupForm):
    """Sign-up; the page's language becomes the person's first reading language."""

    def save(self, request: HttpRequest) -> User:
        user: User = super().save(request)
        language = (get_language() or "en").split("-")[0]
        Profile.objects.filter(user=user).update(languages=[language], interface_language=get_language() or "en")
        return user


class LinksField(forms.CharField):
    """One link a line: `https://…`, or `Words https://…`."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f"{link.get('label', '')} {link.get('url', '')}".strip() for link in value)
        return value

    def clean(self, value: Any) -> list[dict[str, str]]:
        links = []
        check = URLValidator(schemes=["http", "https"])
        for line in (super().clean(value) or "").splitlines():
            words = line.split()
            if not words:
                continue
            url = words[-1] if "://" in words[-1] else f"https://{words[-1]}"
            try:
                check(url)
            except ValidationError:
                raise ValidationError(_("“%(line)s” is not a link."), params={"line": line[:80]}) from None
            label = " ".join(words[:-1])[:40] or urlsplit(url).netloc.removeprefix("www.")
            links.append({"label": label, "url": url[:300]})
        if len(links) > MAX_LINKS:
            raise ValidationError(_("You can show at most %(n)d links."), params={"n": MAX_LINKS})
        return links


class ProfileForm(forms.ModelForm):
    """What a person shows of themselves."""

    links = LinksField(label=_("Links"), required=False, help_text=_("One per line, four at most."))
    languages = forms.MultipleChoiceField(
        label=_("Languages you read"), choices=READING_LANGUAGES, required=False, widget=forms.CheckboxSelectMultiple
    )
    avatar = forms.FileField(label=_("Picture"), required=False, widget=forms.FileInput(attrs={"accept": "image/*"}))
    header = forms.FileField(label=_("Header"), required=False, widget=forms.FileInput(attrs={"accept": "image/*"}))
    remove_avatar = forms.BooleanField(label=_("Remove the picture"), required=False)
    remove_header = forms.BooleanField(label=_("Remove the header"), required=False)

    class Meta:
        model = Profile
        fields: ClassVar = ["display_name", "bio", "links", "languages"]
        widgets: ClassVar = {"bio": forms.Textarea(attrs={"rows": 4})}

    def clean_display_name(self) -> str:
        return " ".join(self.cleaned_data["display_name"].split())

    def clean_avatar(self) -> Any:
        return self._picture("avatar", (400, 400))

    def clean_header(self) -> Any:
        return self._picture("header", (1500, 500))

    def _picture(self, name: str, size: tuple[int, int]) -> Any:
        upload = self.cleaned_data[name]
        return images.reencode(upload, crop=size)[0] if upload else None

    def save(self, commit: bool = True) -> Profile:
        profile: Profile = super().save(commit=False)
        for name in ("avatar", "header"):
            picture = self.cleaned_data.get(name)
            file = getattr(profile, name)
            if (picture or self.cleaned_data.get(f"remove_{name}")) and file:
                file.delete(save=False)
            if picture:
                file.save("picture.webp", picture, save=False)
        profile.save()
        return profile


class AsksSigns(forms.Form):
    """One choice for two switches: which signs count beside what one says on purpose. Only that, unless one chooses."""

    signs = forms.ChoiceField(
        label=_("What counts"),
        choices=[choice for choice in Signs.choices if choice[0] != Signs.READING_ONLY],
        initial=Signs.EXPLICIT,
        required=False,
        widget=forms.RadioSelect,
        help_text=_(
            "On purpose: likes, answers, reposts, bookmarks, follows, and every no. Opened: conversations and links."
            " Nothing of the other two is measured unless you choose it, and choosing less deletes what was kept."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("signs") == Signs.READING_ONLY:  # chosen when these were two switches
            self.fields["signs"].choices = Signs.choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "signs" in cleaned:
            cleaned |= Signs(cleaned.pop("signs") or Signs.EXPLICIT).switches()
        return cleaned


class ConsentForm(AsksSigns, forms.ModelForm):
    """The switches of what may be learned, and whether others find one through recommendations."""

    field_order = ("personalised", "behaviour", "signs", "training", "suggestions", "recommendable")
    recommendable = forms.BooleanField(
        label=_("Others may find my posts through recommendations"),
        required=False,
        help_text=_("Off: your posts reach your followers and whoever looks for them."),
    )

    class Meta:
        model = Consent
        fields: ClassVar = [name for name in Consent.SWITCHES if name not in ("opens", "reading_time")]
        help_texts: ClassVar = {"behaviour": BEHAVIOUR_HELP, "training": TRAINING_HELP}


class InterfaceForm(forms.ModelForm):
    """The language of the pages."""

    interface_language = forms.ChoiceField(label=_("Language of the pages"), choices=settings.LANGUAGES)

    class Meta:
        model = Profile
        fields: ClassVar = ["interface_language"]


class DeleteAccountForm(forms.Form):
    """Typing one's own name is the confirmation."""

    name = forms.CharField(label=_("Type your handle to confirm"), max_length=40)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip().lstrip("@").lower()
        if name != self.person.username:
            raise ValidationError(_("This is not your handle. Nothing was deleted."))
        return name
