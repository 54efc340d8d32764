"""Line drawings from one inline sprite, all in the colour of the text around them. Knows nothing but shapes."""

from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# A 24 by 24 grid, one stroke; `fillable` shapes are filled by the style sheet when what they stand for is done.
SHAPES = {
    "home": '<path class="fillable" d="M4 20V9.5L12 4l8 5.5V20h-5.5v-5h-5v5z"/>',
    "explore": '<circle class="fillable" cx="12" cy="12" r="8.5"/><path d="m15.5 8.5-2 5-5 2 2-5z"/>',
    "groups": '<path class="fillable" d="M3.5 20v-8.5l5-4 5 4V20z"/><path d="M13.5 12V7.5L17 4.5l3.5'
    ' 3V20h-7M8.5 20v-4"/>',
    "notices": '<path class="fillable" d="M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15z"/><path d="M10 20.5h4"/>',
    "messages": '<path class="fillable" d="M3.5 6h17v12h-17z"/><path d="m4 7 8 6 8-6"/>',
    "bookmark": '<path class="fillable" d="M7 4h10v16l-5-4-5 4z"/>',
    "you": '<circle class="fillable" cx="12" cy="8.5" r="4"/><path d="M4.5 20c.8-4 3.8-6 7.5-6s6.7 2 7.5 6"/>',
    "write": '<path d="M4.5 19.5 5.5 15 16 4.5l3.5 3.5L9 18.5zM14 6.5l3.5 3.5"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "answer": '<path class="fillable" d="M4 5.5h16v11h-9.5L6 20.5v-4H4z"/>',
    "repost": '<path d="M6.5 17.5V8.5a2 2 0 0 1 2-2h8M14 4l2.5 2.5L14 9M17.5 6.5v9a2 2 0 0 1-2 2h-8M10'
    ' 20l-2.5-2.5L10 15"/>',
    "quote": '<path d="M5 16.5c2.5-.5 4-2 4-5V7H4.5v4.5H9M15 16.5c2.5-.5 4-2 4-5V7h-4.5v4.5H19"/>',
    "like": '<path class="fillable" d="M12 20S4 15 4 9.5A4.2 4.2 0 0 1 12 7.2 4.2 4.2 0 0 1 20 9.5C20 15 12'
    ' 20 12 20z"/>',
    "dots": '<circle class="solid" cx="5.5" cy="12" r="1.5"/><circle class="solid" cx="12" cy="12" r="1.5"/>'
    '<circle class="solid" cx="18.5" cy="12" r="1.5"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "back": '<path d="M19 12H5m6-6-6 6 6 6"/>',
    "go": '<path d="m9 6 6 6-6 6"/>',
    "down": '<path d="m6 9 6 6 6-6"/>',
    "tick": '<path d="m5 12.5 4.5 4.5L19 7"/>',
    "image": '<path d="M4 5h16v14H4z"/><path d="m4 16 5-5 4 4 3-3 4 4"/><circle cx="15" cy="9" r="1.2"/>',
    "cover": '<path d="M3.5 12S6.5 6.5 12 6.5 20.5 12 20.5 12 17.5 17.5 12 17.5 3.5 12 3.5 12zM5 19 19 5"/>',
    "everyone": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c5 5 5 12 0 17-5-5-5-12 0-17"/>',
    "lock": '<path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>',
    "language": '<path d="M4 6h9M8.5 4v2c0 4-2 7-4.5 8.5M5.5 9c1 2.5 3 4.5 6 5.5M12 20l4-9.5L20 20M13.5 17h5"/>',
    "edit": '<path d="M4.5 19.5 5.5 15 16 4.5l3.5 3.5L9 18.5z"/>',
    "delete": '<path d="M5 7h14M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 10.5v6M13.5 10.5v6"/>',
    "less": '<circle cx="12" cy="12" r="8.5"/><path d="M8 12h8"/>',
    "more": '<circle cx="12" cy="12" r="8.5"/><path d="M8 12h8M12 8v8"/>',
    "mute": '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l4.5 5M20.5 9.5l-4.5 5"/>',
    "block": '<circle cx="12" cy="12" r="8.5"/><path d="m6 6 12 12"/>',
    "report": '<path d="M6 21V4h11l-2 4 2 4H6"/>',
    "link": '<path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3L11.5 6.8M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0'
    ' 0 0 5.7 5.7l1.5-1.5"/>',
    "pin": '<path d="M12 21v-6M8 4h8l-1 5 3 3.5v2H6v-2L9 9z"/>',
    "topic": '<path d="M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h15.5M4 15h15.5"/>',
    "settings": '<path d="M4 7h9M17 7h3M4 12h3M11 12h9M4 17h8M16 17h4"/><circle cx="15" cy="7" r="2"/>'
    '<circle cx="9" cy="12" r="2"/><circle cx="14" cy="17" r="2"/>',
    "help": '<circle cx="12" cy="12" r="8.5"/><path d="M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.1"/>',
    "about": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.8v.1"/>',
    "why": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.8v.1"/>',
    "leave": '<path d="M14 4H5v16h9M10 12h10m-3.5-3.5L20 12l-3.5 3.5"/>',
    "enter": '<path d="M10 4h9v16h-9M4 12h10m-3.5-3.5L14 12l-3.5 3.5"/>',
    "key": '<circle cx="8" cy="15" r="4"/><path d="m11 12 8.5-8.5M16 7l3 3M13.5 9.5l2 2"/>',
    "mail": '<path d="M3.5 6h17v12h-17z"/><path d="m4 7 8 6 8-6"/>',
    "device": '<path d="M4 5h16v11H4zM9 20h6M12 16v4"/>',
    "sun": '<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4'
    ' 1.4M5.6 18.4 7 17M17 7l1.4-1.4"/>',
    "moon": '<path d="M19.5 14A8 8 0 0 1 10 4.5 8 8 0 1 0 19.5 14z"/>',
    "auto": '<circle cx="12" cy="12" r="8.5"/><path class="solid" d="M12 3.5a8.5 8.5 0 0 1 0 17z"/>',
    "interests": '<path d="M12 21V11M12 14c-4 0-6-2-6-6 4 0 6 2 6 6zM12 11c0-4 2-6.5 6-6.5 0 4.5-2 6.5-6 6.5z"/>',
    "draft": '<path d="M6 3.5h9l3.5 3.5v13.5h-12.5zM9 11h6M9 15h4"/>',
    "download": '<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14"/>',
    "history": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
    "model": '<path d="M4 19h16M6.5 19v-6M11 19V6M15.5 19v-9M19 19v-4"/>',
    "follow": '<circle cx="10" cy="8.5" r="4"/><path d="M3 20c.7-4 3.5-6 7-6M18 13v7M14.5 16.5h7"/>',
}


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """An ornament beside words, hidden from screen readers: the words stand near. KeyError for unknown names.

    The drawing itself stands once on the page, in `sprite`: a page of posts shows some three hundred of them.
    """
    if name not in SHAPES:
        raise KeyError(name)
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>', name)


@register.simple_tag
@cache
def sprite() -> SafeString:
    """All drawings, shown nowhere themselves; every page that has icons begins with them."""
    drawings = "".join(
        f'<symbol id="icon-{name}" viewBox="0 0 24 24">{shape}</symbol>' for name, shape in SHAPES.items()
    )
    return mark_safe(f'<svg class="sprite" aria-hidden="true">{drawings}</svg>')


@register.simple_tag
def mark() -> SafeString:
    """The mark: a courtyard seen from above, its gate open in the south-east as in Beijing."""
    return mark_safe(
        '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"'
        ' stroke-width="3" stroke-linejoin="round" stroke-linecap="round">'
        '<path d="M16 28H4V4h24v24h-4"/><path d="M11.5 11.5h9v9h-9z"/></svg>'
    )
