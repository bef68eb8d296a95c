"""Formulas as Hugging Face's texts keep them: without dollars, and commands without backslashes.

`up to $2\\times$` arrives as `up to 2times`, `$\\sim$100B` as `sim100B`, `FaSTA$^*$` as `FaSTA^*`.
What is left of a command is read only where no word and no name could stand, for `sometimes`,
`sim2real` and addresses are to stay as they are.
"""

from __future__ import annotations

import re

from papers.latex import script

ADDRESS = re.compile(r"((?:https?://|www\.)\S+)")
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω", "ell": "ℓ", "nabla": "∇", "Delta": "Δ", "Sigma": "Σ",
}  # fmt: skip
# No English word and no name is written like these.
SIGNS = {
    "cdot": "·", "propto": "∝", "langle": "⟨", "rangle": "⟩", "lceil": "⌈", "rceil": "⌉",
    "infty": "∞", "rightarrow": "→", "leftarrow": "←", "leftrightarrow": "↔", "Rightarrow": "⇒",
}  # fmt: skip
BEFORE_NUMBERS = {"approx": "≈", "leq": "≤", "geq": "≥"}
EXPONENTS = {"top": "ᵀ", "dagger": "†", "prime": "′"}

# Most texts have nothing of the kind.
TRIGGER = re.compile(
    rf"times|sim[\d! }}]|\dsim|pm\d|\dto\d|[\^_]|\b(?:text|math|emph)[a-z]*\{{"
    rf"|boldsymbol|math[a-z]+\s|{'|'.join([*SIGNS, *BEFORE_NUMBERS])}"
)
FONT = re.compile(
    r"(?<![A-Za-z\\])(?:(?:text[a-z]{0,2}|emph|math[a-z]{2,4})\{([^{}]{0,80})\}"
    r"|(?:boldsymbol|mathcal|mathbf|mathrm|mathbb)\s(?=\w))"
)
BRACED = re.compile(r"\{(times|sim|approx|leq|geq)\}")
DEGREES = re.compile(r"\^(?:\{circ\}|circ(?=times|[^a-z]|$))")
TIMES = re.compile(
    r"(?<=[\d°%)}])times(?![a-z])"  # 2times
    r"|(?<=[\W\d][A-Za-z])times(?![a-z])"  # by Ktimes
    r"|(?<![A-Za-z\\])times(?=\d)"  # up to times3
)
PRODUCT = re.compile(r"(?<=\d)\s?times\s(?=\d)|(?<=_\w) times (?=\w_)")
RANGE = re.compile(r"(?<=\d)\s?sim\s?(?=\d)")
ABOUT = re.compile(r"(?<![A-Za-z\\])sim!?(?=\d)(?!\d(?!times)[a-z])|(?<=\()sim (?=\d)")
PLUS_MINUS = re.compile(r"(?<=[\d(%])pm(?=\d)")
TO = re.compile(r"(?<=\d)to(?=\d)")
SIGN = re.compile(rf"(?<![A-Za-z\\])(?:{'|'.join(SIGNS)})(?![A-Za-z])")
BEFORE_NUMBER = re.compile(rf"(?<![A-Za-z\\])(?:{'|'.join(BEFORE_NUMBERS)})(?=\s?\d)")
LETTER = re.compile(rf"(?<![\w\\/.-])(?:{'|'.join(GREEK)})(?=\^|_(?:\{{|\d|[a-z](?![A-Za-z0-9_])))")
EXPONENT = re.compile(
    r"(?<=[\w)])\^(?:\(([+-]?\d{1,3})\)|([*+]|top|dagger|prime|[A-Za-z])(?![A-Za-z0-9]))"
)
INDEX = re.compile(r"(?<![\w/.-])([A-Za-zα-ωℓ])_(\d|[a-z])(?!\w|\.\d)")


def mended(text: str) -> str:
    """`text` with what is left of formulas as characters; addresses stay as they are."""
    if not TRIGGER.search(text):
        return text
    parts = ADDRESS.split(text)
    return "".join(part if number % 2 else read(part) for number, part in enumerate(parts))


def read(text: str) -> str:
    text = FONT.sub(lambda match: match[1] or "", text)
    text = BRACED.sub(r"\1", text)
    text = DEGREES.sub("°", text)
    text = LETTER.sub(lambda match: GREEK[match.group()], text)
    text = RANGE.sub("~", text)
    text = ABOUT.sub("~", text)
    text = PRODUCT.sub(" × ", text)
    text = TIMES.sub("×", text)
    text = PLUS_MINUS.sub("±", text)
    text = TO.sub(" to ", text)
    text = SIGN.sub(lambda match: SIGNS[match.group()], text)
    text = BEFORE_NUMBER.sub(lambda match: BEFORE_NUMBERS[match.group()], text)
    text = EXPONENT.sub(raised, text)
    return INDEX.sub(lambda match: match[1] + script("_", match[2]), text)


def raised(match: re.Match[str]) -> str:
    exponent = match[1] or match[2]
    return EXPONENTS.get(exponent) or script("^", exponent)
