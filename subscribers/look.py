"""The letter's colours and type: inline styles by name, for templates (`css.title`) and tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

LEAST_CONTRAST = 4.5  # of text to what is behind it (WCAG 2.2, 1.4.3)
COLOUR = re.compile("#[0-9a-f]{6}")

# Without quotes, which an attribute would spell out: a letter says them a hundred times.
SERIF = "Georgia,Times New Roman,serif"
SANS = "-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Palette:
    page: str
    card: str
    ink: str
    body: str
    mute: str
    accent: str
    tint: str
    line: str
    edge: str  # of the feedback buttons


LIGHT = Palette(
    page="#eef1ef",
    card="#ffffff",
    ink="#12201c",
    body="#35423e",
    mute="#5a6763",
    accent="#0a5f4a",
    tint="#f0f6f3",
    line="#dfe5e2",
    edge="#7d8c87",
)
DARK = Palette(
    page="#0c1110",
    card="#151c1a",
    ink="#eef3f1",
    body="#ccd6d2",
    mute="#9db0a9",
    accent="#7ed7b8",
    tint="#1d2724",
    line="#27322e",
    edge="#5d6f69",
)


@dataclass(frozen=True)
class Look:
    """What an operator may set of all letters; as it is here, the one that ships."""

    masthead: str = ""  # instead of the site's name
    light: Palette = LIGHT
    dark: Palette = DARK
    intro: str = ""  # below the opening of a digest
    footer: str = ""  # above the postal address
    # Templates of the operator's own: (letter/item.html, its text), …
    templates: tuple[tuple[str, str], ...] = ()
    is_proof: bool = False  # printed to be checked: faults name their line

    def __hash__(self) -> int:
        """Asked for with every letter, so it reads little."""
        return hash((self.masthead, self.light.accent, self.intro, self.footer))


SHIPPED = Look()


def with_accent(accent: str, accent_dark: str = "") -> tuple[Palette, Palette]:
    """Both palettes in a colour of the operator's; in the dark it is lightened where none is given.

    Raises ValueError, with the measured ratio, where text in that colour could not be read.
    """
    light = replace(LIGHT, accent=accent)
    dark = replace(DARK, accent=accent_dark or lightened(accent))
    for palette in (light, dark):
        ratio, background = min(
            (contrast(palette.accent, behind), behind)
            for behind in (palette.page, palette.card, palette.tint)
        )
        if ratio < LEAST_CONTRAST:
            raise ValueError(
                f"{palette.accent} on {background} has a contrast of {ratio:.2f}; "
                f"text needs {LEAST_CONTRAST}"
            )
    return light, dark


def lightened(colour: str) -> str:
    """`colour`, mixed with as much white as it needs to be read on the dark card."""
    for white in range(0, 101, 5):
        mixed = "#" + "".join(
            f"{round(part + (255 - part) * white / 100):02x}" for part in _parts(colour)
        )
        if all(contrast(mixed, b) >= LEAST_CONTRAST for b in (DARK.page, DARK.card, DARK.tint)):
            return mixed
    return DARK.ink


def contrast(one: str, other: str) -> float:
    """1 to 21, of two colours such as #0a5f4a (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    linear = (
        share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
        for share in (part / 255 for part in _parts(colour))
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _parts(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255."""
    if not COLOUR.fullmatch(colour):
        raise ValueError(f"{colour!r} is no colour like #0a5f4a")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=16)
def styles(direction: str = "ltr", palette: Palette = LIGHT) -> dict[str, str]:
    """What stands in each `style=""`; classes of the same colours follow the reader's scheme."""
    start, end = ("right", "left") if direction == "rtl" else ("left", "right")

    def sans(size: int, leading: int, colour: str) -> str:
        return f"font-family:{SANS};font-size:{size}px;line-height:{leading}px;color:{colour}"

    def serif(size: int, leading: int, weight: int = 700) -> str:
        return (
            f"margin:0;font-family:{SERIF};font-size:{size}px;line-height:{leading}px;"
            f"font-weight:{weight};color:{palette.ink}"
        )

    p = palette
    return {
        "start": start,
        "end": end,
        "page": f"background-color:{p.page}",
        "card": (
            f"max-width:600px;background-color:{p.card};border:1px solid {p.line};"
            f"border-radius:10px;text-align:{start}"
        ),
        "brand": f"font-family:{SERIF};font-size:19px;line-height:26px;font-weight:700",
        "date": sans(13, 26, p.mute) + f";text-align:{end}",
        "h1": serif(30, 37, 400),
        "body": sans(16, 25, p.body) + ";margin:0",
        "rule": f"border-top:2px solid {p.ink};padding:12px 0 0",
        "h2": sans(15, 22, p.ink) + ";margin:0;font-weight:700",
        "note": sans(13, 22, p.mute) + f";text-align:{end}",
        "meta": sans(13, 20, p.mute),
        "topic": f"color:{p.accent}",
        "title_lead": serif(27, 33),
        "title_full": serif(21, 27),
        "title_compact": serif(19, 25),
        "title_line": serif(17, 23),
        "title_link": f"color:{p.ink};text-decoration:none",
        "authors": sans(14, 21, p.mute),
        "strong": f"color:{p.ink}",
        "summary": sans(16, 25, p.body),
        "aside": sans(15, 23, p.body),
        "bar": f"width:3px;background-color:{p.accent};font-size:1px;line-height:1px",
        "why": sans(14, 21, p.body) + f";background-color:{p.tint};padding:11px 16px",
        "links": sans(15, 24, p.mute),
        "link": f"color:{p.accent};text-decoration:underline",
        "pill": f"border:1px solid {p.edge};border-radius:18px;padding:0",
        "pill_link": (
            f"display:inline-block;padding:9px 15px;font-family:{SANS};font-size:14px;"
            f"line-height:18px;font-weight:600;color:{p.accent};text-decoration:none"
        ),
        "gap": "width:8px;font-size:1px;line-height:1px",
        "hair": f"border-top:1px solid {p.line};font-size:1px;line-height:1px",
        "box": sans(15, 23, p.body)
        + f";background-color:{p.tint};border-radius:8px;padding:18px 20px",
        "vote": (
            "display:inline-block;padding:8px 12px;font-size:15px;line-height:22px;"
            f"font-weight:600;color:{p.accent};text-decoration:underline"
        ),
        "button": (
            # The border alone is left of it where the system sets the colours.
            f"display:inline-block;padding:12px 23px;font-family:{SANS};font-size:16px;"
            f"line-height:20px;font-weight:700;color:#ffffff;background-color:{p.accent};"
            f"border:1px solid {p.accent};"
            f"border-radius:10px;text-decoration:none"
        ),
        "foot": sans(13, 25, p.mute) + f";border-top:1px solid {p.line};padding:22px 0 0",
    }
