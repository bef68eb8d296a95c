"""The letter's colours and type: inline styles by name, for templates (`css.title`) and tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

SERIF = "Georgia,'Times New Roman',serif"
SANS = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


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
        "topic": f"color:{p.accent};font-weight:700",
        "title_lead": serif(27, 33),
        "title_full": serif(21, 27),
        "title_compact": serif(19, 25),
        "title_line": serif(17, 23),
        "title_link": f"color:{p.ink};text-decoration:none",
        "authors": sans(14, 21, p.mute),
        "strong": f"color:{p.ink};font-weight:700",
        "summary": sans(16, 25, p.body),
        "aside": sans(15, 23, p.body),
        "bar": f"width:3px;background-color:{p.accent};font-size:1px;line-height:1px",
        "why": sans(14, 21, p.body) + f";background-color:{p.tint};padding:11px 16px",
        "links": sans(15, 24, p.mute),
        "link": f"color:{p.accent};text-decoration:underline",
        "pill": f"border:1px solid {p.edge};border-radius:18px;padding:0",
        "pill_link": (
            f"display:inline-block;padding:9px 15px;font-family:{SANS};font-size:14px;"
            f"line-height:18px;font-weight:600;color:{p.accent};text-decoration:none;"
            "border-radius:18px"
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
            f"display:inline-block;padding:13px 24px;font-family:{SANS};font-size:16px;"
            f"line-height:20px;font-weight:700;color:#ffffff;background-color:{p.accent};"
            f"border-radius:10px;text-decoration:none"
        ),
        "foot": sans(13, 25, p.mute) + f";border-top:1px solid {p.line};padding:22px 0 0",
    }
