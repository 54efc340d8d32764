"""Draws the town's pictures: a portrait and a header for each person, scenes by motif. Same seed, same picture."""

from __future__ import annotations

import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
SCENE_SIZE = (960, 640)
SCALE = 3  # drawn larger and made small: smooth edges

SKIN: list[Colour] = [(246, 214, 186), (226, 178, 140), (198, 140, 98), (150, 98, 66), (104, 66, 46), (240, 200, 160)]
HAIR: list[Colour] = [(40, 32, 30), (84, 56, 38), (150, 98, 52), (196, 168, 120), (170, 164, 160), (120, 48, 36)]
CLOTH: list[Colour] = [(176, 74, 56), (74, 108, 92), (60, 84, 120), (204, 152, 70), (118, 84, 122), (88, 88, 84)]
GROUND: list[Colour] = [
    (240, 228, 208),
    (214, 226, 214),
    (216, 224, 236),
    (244, 214, 200),
    (230, 220, 234),
    (236, 234, 220),
]
Palette = tuple[Colour, Colour, Colour, Colour, Colour]
PALETTES: list[Palette] = [  # high sky, low sky, far, near, light
    ((246, 214, 186), (252, 238, 220), (178, 142, 122), (92, 74, 70), (206, 92, 66)),
    ((168, 198, 214), (232, 240, 236), (124, 154, 140), (62, 92, 80), (250, 222, 150)),
    ((44, 56, 84), (108, 104, 132), (52, 58, 78), (28, 32, 46), (246, 226, 170)),
    ((226, 206, 216), (250, 236, 226), (156, 128, 142), (94, 76, 92), (238, 168, 120)),
    ((198, 216, 190), (242, 242, 220), (132, 160, 112), (72, 98, 62), (246, 206, 96)),
]


def avatar(seed: str, size: int = 256) -> bytes:
    """A flat portrait, WebP, `size` pixels square."""
    luck = random.Random(f"face {seed}")  # noqa: S311
    n = size * SCALE
    image = Image.new("RGB", (n, n), luck.choice(GROUND))
    draw = ImageDraw.Draw(image)
    skin, hair, cloth = luck.choice(SKIN), luck.choice(HAIR), luck.choice(CLOTH)
    head_w, head_h = n * luck.uniform(0.34, 0.39), n * luck.uniform(0.40, 0.45)
    x, y = n / 2, n * 0.44
    style = luck.choice(["short", "bob", "long", "bun", "bald", "cap", "curls", "short"])
    if style in ("bob", "long"):
        low = y + head_h * (0.55 if style == "bob" else 0.95)
        draw.rounded_rectangle((x - head_w * 0.68, y - head_h * 0.62, x + head_w * 0.68, low), n * 0.16, hair)
    if style == "bun":
        draw.ellipse((x - n * 0.09, y - head_h * 0.86, x + n * 0.09, y - head_h * 0.46), hair)
    draw.ellipse((x - n * 0.36, n * 0.76, x + n * 0.36, n * 1.3), cloth)
    draw.rounded_rectangle((x - n * 0.075, y + head_h * 0.3, x + n * 0.075, n * 0.82), n * 0.06, _shade(skin, 0.88))
    draw.ellipse((x - head_w / 2, y - head_h / 2, x + head_w / 2, y + head_h / 2), skin)
    _hair(draw, luck, style, (x, y), (head_w, head_h), hair, cloth)
    _face(draw, luck, (x, y), (head_w, head_h), hair, skin)
    return _webp(image.resize((size, size), Image.Resampling.LANCZOS))


def _hair(
    draw: ImageDraw.ImageDraw,
    luck: random.Random,
    style: str,
    at: tuple[float, float],
    head: tuple[float, float],
    hair: Colour,
    cloth: Colour,
) -> None:
    (x, y), (w, h) = at, head
    box = (x - w * 0.53, y - h * 0.56, x + w * 0.53, y + h * 0.44)
    if style in ("short", "bob", "long", "bun"):
        draw.pieslice(box, 180 + luck.uniform(-8, 4), 360 + luck.uniform(-4, 12), fill=hair)
    elif style == "curls":
        for step in range(11):
            angle = math.pi * (1 + step / 10)
            cx, cy, r = x + math.cos(angle) * w * 0.46, y + math.sin(angle) * h * 0.44, w * 0.15
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), hair)
    elif style == "cap":
        draw.pieslice(box, 180, 360, fill=_shade(cloth, 0.8))
        draw.rounded_rectangle((x - w * 0.1, y - h * 0.1, x + w * 0.74, y - h * 0.03), h * 0.04, _shade(cloth, 0.65))


def _face(
    draw: ImageDraw.ImageDraw,
    luck: random.Random,
    at: tuple[float, float],
    head: tuple[float, float],
    hair: Colour,
    skin: Colour,
) -> None:
    (x, y), (w, h) = at, head
    dark = (46, 38, 36)
    for side in (-1, 1):
        ex, ey, r = x + side * w * 0.2, y + h * 0.04, w * 0.032
        draw.ellipse((ex - r, ey - r, ex + r, ey + r), dark)
    draw.arc((x - w * 0.13, y + h * 0.12, x + w * 0.13, y + h * 0.28), 20, 160, _shade(skin, 0.55), int(w * 0.03))
    extra = luck.random()
    if extra < 0.3:
        for side in (-1, 1):
            ex, ey, r = x + side * w * 0.2, y + h * 0.04, w * 0.13
            draw.ellipse((ex - r, ey - r, ex + r, ey + r), outline=dark, width=int(w * 0.025))
        draw.line((x - w * 0.07, y + h * 0.03, x + w * 0.07, y + h * 0.03), dark, int(w * 0.025))
    elif extra < 0.42:
        draw.chord((x - w * 0.4, y - h * 0.02, x + w * 0.4, y + h * 0.52), 18, 162, hair)
        draw.arc((x - w * 0.12, y + h * 0.14, x + w * 0.12, y + h * 0.26), 20, 160, _shade(skin, 0.8), int(w * 0.03))


def header(seed: str, width: int = 1200, height: int = 400) -> bytes:
    """A wide quiet landscape, WebP."""
    luck = random.Random(f"header {seed}")  # noqa: S311
    return _webp(_landscape(luck, width, height, luck.choice(PALETTES)))


def scene(motif: str, seed: str, width: int = SCENE_SIZE[0], height: int = SCENE_SIZE[1]) -> bytes:
    """A picture of `motif`: one of sky, hill, bowl, plant, bike, cat, book, night, city, sea, chart, lamp."""
    luck = random.Random(f"scene {motif} {seed}")  # noqa: S311
    palette = PALETTES[2] if motif == "night" else luck.choice([PALETTES[i] for i in (0, 1, 3, 4)])
    if motif in ("sky", "hill", "sea", "city", "night"):
        image = _landscape(luck, width, height, palette, motif)
    else:
        image = _table(luck, width, height, palette, motif)
    return _webp(image)


def _landscape(luck: random.Random, width: int, height: int, palette: Palette, motif: str = "hill") -> Image.Image:
    w, h = width * 2, height * 2
    high, low, far, near, light = palette
    image = _gradient(w, h, high, low)
    draw = ImageDraw.Draw(image)
    sx, sy, r = w * luck.uniform(0.2, 0.8), h * luck.uniform(0.16, 0.36), h * luck.uniform(0.06, 0.1)
    draw.ellipse((sx - r, sy - r, sx + r, sy + r), light)
    if motif == "night":
        for _ in range(140):
            x, y, s = luck.uniform(0, w), luck.uniform(0, h * 0.7), luck.uniform(1, 4)
            draw.ellipse((x - s, y - s, x + s, y + s), (248, 240, 220))
    if motif == "sky":
        for _ in range(6):
            _cloud(draw, luck, luck.uniform(0, w), luck.uniform(h * 0.15, h * 0.6), h * luck.uniform(0.05, 0.1))
    if motif == "sea":
        _sea(draw, luck, w, h, far, near, light)
    elif motif == "city":
        _city(draw, luck, w, h, far, near, light)
    else:
        layers = 2 if motif == "sky" else 4
        for layer in range(layers):
            share = layer / max(layers - 1, 1)
            base = h * (0.55 + 0.4 * share) if motif != "sky" else h * (0.82 + 0.1 * share)
            _ridge(draw, luck, w, h, base, h * (0.14 - 0.08 * share), _mix(far, near, share))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _ridge(
    draw: ImageDraw.ImageDraw, luck: random.Random, w: int, h: int, base: float, swing: float, colour: Colour
) -> None:
    waves = [(luck.uniform(0.5, 2.8), luck.uniform(0, math.tau), luck.uniform(0.3, 1.0)) for _ in range(4)]
    line = [
        (x, base + swing * sum(a * math.sin(f * math.tau * x / w + p) for f, p, a in waves) / 2)
        for x in range(0, w + 12, 12)
    ]
    draw.polygon([*line, (w, h), (0, h)], colour)


def _cloud(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, r: float) -> None:
    for step in range(5):
        cx, cr = x + (step - 2) * r * 0.9, r * luck.uniform(0.6, 1.0)
        draw.ellipse((cx - cr, y - cr * 0.6, cx + cr, y + cr * 0.6), (250, 248, 242))


def _sea(
    draw: ImageDraw.ImageDraw, luck: random.Random, w: int, h: int, far: Colour, near: Colour, light: Colour
) -> None:
    for band in range(9):
        share = band / 8
        _ridge(draw, luck, w, h, h * (0.5 + 0.5 * share), h * 0.008, _mix(_mix(far, (120, 160, 180), 0.6), near, share))
    x, y, s = w * luck.uniform(0.3, 0.7), h * 0.56, h * 0.05
    draw.polygon([(x, y), (x, y - s * 3), (x + s * 1.6, y - s * 0.3)], light)
    draw.chord((x - s * 1.4, y - s * 0.6, x + s * 1.8, y + s * 0.8), 0, 180, near)


def _city(
    draw: ImageDraw.ImageDraw, luck: random.Random, w: int, h: int, far: Colour, near: Colour, light: Colour
) -> None:
    for layer, colour in enumerate((far, near)):
        x = 0.0
        while x < w:
            width, top = w * luck.uniform(0.05, 0.1), h * (luck.uniform(0.35, 0.6) + 0.18 * layer)
            draw.rectangle((x, top, x + width, h), colour)
            for wx in range(int(x + 18), int(x + width - 24), 34):
                for wy in range(int(top + 24), h - 30, 46):
                    if luck.random() < 0.28:
                        draw.rectangle((wx, wy, wx + 13, wy + 19), light)
            x += width + w * luck.uniform(0.004, 0.02)


def _table(luck: random.Random, width: int, height: int, palette: Palette, motif: str) -> Image.Image:
    w, h = width * 2, height * 2
    high, low, far, *_ = palette
    image = _gradient(w, h, low, high)
    shadow = Image.new("L", (w, h), 0)
    cx, base = w * luck.uniform(0.42, 0.58), h * 0.8
    ImageDraw.Draw(shadow).ellipse((cx - h * 0.42, base - h * 0.05, cx + h * 0.42, base + h * 0.07), 110)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, h * 0.74, w, h), _mix(far, low, 0.55))
    image.paste(Image.new("RGB", (w, h), _shade(far, 0.6)), mask=shadow.filter(ImageFilter.GaussianBlur(30)))
    _THINGS.get(motif, _bowl)(ImageDraw.Draw(image), luck, cx, base, h * 0.34, palette)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _bowl(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    for step in range(7):
        cx, r = x + (step - 3) * s * 0.22, s * luck.uniform(0.13, 0.2)
        cy = y - s * 0.72 - luck.uniform(0, s * 0.12)
        draw.ellipse(
            (cx - r, cy - r, cx + r, cy + r), luck.choice([palette[4], (196, 84, 62), (122, 150, 88), (236, 190, 92)])
        )
    draw.chord((x - s, y - s * 1.5, x + s, y + s * 0.08), 0, 180, palette[3])
    draw.rectangle((x - s * 0.36, y - s * 0.04, x + s * 0.36, y + s * 0.08), _shade(palette[3], 0.8))


def _plant(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    for step in range(9):
        angle = math.pi * (1.12 + 0.76 * step / 8)
        length = s * luck.uniform(1.0, 1.7)
        ex, ey = x + math.cos(angle) * length * 0.8, y - s * 0.7 + math.sin(angle) * length * 0.75
        green = _mix((86, 122, 72), (140, 168, 96), luck.random())
        draw.line((x, y - s * 0.6, ex, ey), green, int(s * 0.03))
        r = s * 0.15
        draw.ellipse((ex - r, ey - r * 1.3, ex + r, ey + r * 0.9), green)
        if luck.random() < 0.4:
            draw.ellipse((ex - r * 0.5, ey, ex + r * 0.6, ey + r * 1.1), (200, 76, 54))
    draw.polygon(
        [
            (x - s * 0.52, y - s * 0.7),
            (x + s * 0.52, y - s * 0.7),
            (x + s * 0.36, y + s * 0.06),
            (x - s * 0.36, y + s * 0.06),
        ],
        (178, 98, 66),
    )
    draw.rectangle((x - s * 0.58, y - s * 0.78, x + s * 0.58, y - s * 0.6), (196, 112, 78))


def _bike(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    r, line, frame = s * 0.55, int(s * 0.05), luck.choice(CLOTH)
    back, front, crank = (x - s * 0.8, y - r), (x + s * 0.8, y - r), (x - s * 0.08, y - r * 0.95)
    for wx, wy in (back, front):
        draw.ellipse((wx - r, wy - r, wx + r, wy + r), outline=palette[3], width=line)
        for spoke in range(8):
            angle = math.tau * spoke / 8
            draw.line(
                (wx, wy, wx + math.cos(angle) * r, wy + math.sin(angle) * r), _mix(palette[3], palette[1], 0.5), 3
            )
    seat, bar = (x - s * 0.28, y - s * 1.3), (x + s * 0.55, y - s * 1.38)
    for one, other in ((back, crank), (crank, bar), (seat, bar), (seat, crank), (back, seat), (bar, front)):
        draw.line((*one, *other), frame, line)
    draw.rounded_rectangle((seat[0] - s * 0.2, seat[1] - s * 0.12, seat[0] + s * 0.16, seat[1]), s * 0.05, palette[3])
    draw.line(
        (bar[0], bar[1], bar[0] - s * 0.05, bar[1] - s * 0.16, bar[0] + s * 0.2, bar[1] - s * 0.2), palette[3], line
    )


def _cat(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    fur = luck.choice([(60, 54, 52), (206, 142, 84), (150, 142, 136), (232, 222, 206)])
    dark = _shade(fur, 0.7)
    draw.arc((x + s * 0.3, y - s * 0.9, x + s * 1.1, y + s * 0.02), 250, 90, fur, int(s * 0.14))
    draw.ellipse((x - s * 0.62, y - s * 1.05, x + s * 0.62, y + s * 0.06), fur)
    for side in (-1, 1):
        draw.polygon(
            [
                (x + side * s * 0.4, y - s * 1.2),
                (x + side * s * 0.36, y - s * 1.75),
                (x + side * s * 0.04, y - s * 1.42),
            ],
            fur,
        )
        draw.ellipse((x + side * s * 0.3 - s * 0.16, y - s * 0.1, x + side * s * 0.3 + s * 0.16, y + s * 0.08), dark)
    draw.ellipse((x - s * 0.44, y - s * 1.56, x + s * 0.44, y - s * 0.8), fur)
    for side in (-1, 1):
        ex = x + side * s * 0.17
        draw.ellipse((ex - s * 0.06, y - s * 1.26, ex + s * 0.06, y - s * 1.12), (226, 214, 120))
        draw.ellipse((ex - s * 0.02, y - s * 1.25, ex + s * 0.02, y - s * 1.13), (30, 26, 26))
    draw.polygon([(x - s * 0.04, y - s * 1.06), (x + s * 0.04, y - s * 1.06), (x, y - s * 1.01)], (190, 110, 104))


def _book(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    top = y
    for _ in range(luck.randint(3, 5)):
        height, half, shift = s * luck.uniform(0.2, 0.3), s * luck.uniform(0.75, 1.0), s * luck.uniform(-0.12, 0.12)
        colour = luck.choice(CLOTH)
        draw.rounded_rectangle((x - half + shift, top - height, x + half + shift, top), s * 0.04, colour)
        draw.rectangle(
            (x + half + shift - s * 0.12, top - height * 0.85, x + half + shift - 4, top - height * 0.15),
            (244, 236, 220),
        )
        draw.line(
            (x - half * 0.5 + shift, top - height / 2, x + half * 0.3 + shift, top - height / 2), _shade(colour, 1.3), 6
        )
        top -= height


def _chart(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    draw.rounded_rectangle((x - s * 1.4, y - s * 1.7, x + s * 1.4, y + s * 0.05), s * 0.06, (252, 248, 238))
    level = luck.uniform(0.3, 0.6)
    points = []
    for step in range(13):
        level = min(max(level + luck.uniform(-0.14, 0.17), 0.08), 1.0)
        points.append((x - s * 1.2 + step * s * 0.2, y - s * 0.15 - level * s * 1.3))
    for px, py in points[::2]:
        foot = y - s * 0.12
        top = min(py + s * 0.3, foot)  # a low point stands on a bar of no height
        draw.rectangle((px - s * 0.05, top, px + s * 0.05, foot), _mix(palette[2], (252, 248, 238), 0.4))
    draw.line(points, palette[4], int(s * 0.045), joint="curve")
    draw.line((x - s * 1.25, y - s * 0.12, x + s * 1.25, y - s * 0.12), palette[3], 5)


def _lamp(draw: ImageDraw.ImageDraw, luck: random.Random, x: float, y: float, s: float, palette: Palette) -> None:
    draw.polygon(
        [(x - s * 0.3, y - s * 1.2), (x + s * 0.3, y - s * 1.2), (x + s * 1.3, y), (x - s * 1.3, y)],
        _mix(palette[1], (255, 232, 160), 0.6),
    )
    draw.rectangle((x - s * 0.04, y - s * 1.3, x + s * 0.04, y), palette[3])
    draw.ellipse((x - s * 0.4, y - s * 0.06, x + s * 0.4, y + s * 0.06), palette[3])
    draw.polygon(
        [
            (x - s * 0.3, y - s * 1.8),
            (x + s * 0.3, y - s * 1.8),
            (x + s * 0.6, y - s * 1.18),
            (x - s * 0.6, y - s * 1.18),
        ],
        luck.choice(CLOTH),
    )


_THINGS = {"bowl": _bowl, "plant": _plant, "bike": _bike, "cat": _cat, "book": _book, "chart": _chart, "lamp": _lamp}


def _gradient(w: int, h: int, top: Colour, bottom: Colour) -> Image.Image:
    column = Image.new("RGB", (1, 256))
    for y in range(256):
        column.putpixel((0, y), _mix(top, bottom, y / 255))
    return column.resize((w, h), Image.Resampling.BICUBIC)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    a, b, c = (round(p + (q - p) * share) for p, q in zip(one, other, strict=True))
    return a, b, c


def _shade(colour: Colour, factor: float) -> Colour:
    a, b, c = (min(255, round(part * factor)) for part in colour)
    return a, b, c


def _webp(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=82, method=4)
    return file.getvalue()
