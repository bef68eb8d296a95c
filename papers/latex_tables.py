"""LaTeX's commands and the characters they stand for; latex.py reads by these tables."""

from __future__ import annotations

from functools import cache

from pylatexenc.latex2text import get_default_latex_context_db

ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a", "b": "\u0331", "d": "\u0323",
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "overline": "\u0304", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308",
    "breve": "\u0306", "check": "\u030c", "acute": "\u0301", "grave": "\u0300",
    "mathring": "\u030a",
}  # fmt: skip
SIGNS = {
    "%": "%", "&": "&", "#": "#", "_": "_", "$": "$", "{": "{", "}": "}", "|": "‖", "-": "",
    "/": "", "@": "", "\\": " ", "(": " ", ")": " ", "[": " ", "]": " ",
}  # fmt: skip
# What pylatexenc's table leaves out, or spells in a way that reads worse in running text.
SYMBOLS = {
    "ast": "*", "star": "*", "sim": "∼", "mid": "|", "bullet": "•", "circ": "°", "prime": "′",
    "top": "ᵀ", "geqslant": "≥", "leqslant": "≤", "i": "i", "j": "j", "backslash": "∖",
    "textbackslash": "∖", "textgreater": ">", "textless": "<", "textdegree": "°", "degree": "°",
    "deg": "deg", "textasciitilde": "~", "textasciicircum": "^", "percent": "%", "Re": "Re",
    "Im": "Im", "Box": "□", "Diamond": "◇", "implies": "⇒", "iff": "⇔", "colon": ":",
    "eps": "ε", "neg": "¬", "lnot": "¬", "bot": "⊥", "imath": "ı", "jmath": "ȷ",
    "ddagger": "‡", "ddag": "‡", "dag": "†", "checkmark": "✓", "pounds": "£", "lesseq": "≤",
    "LaTeX": "LaTeX", "TeX": "TeX", "item": "•", "and": "and",
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "space": " ", "quad": " ",
    "qquad": " ", "newline": " ", "par": " ", "R": "ℝ", "RR": "ℝ", "Real": "ℝ", "reals": "ℝ",
    "N": "ℕ", "naturals": "ℕ", "Z": "ℤ",
    "eg": "e.g.", "ie": "i.e.", "etc": "etc.", "aka": "a.k.a.", "etal": "et al.", "wrt": "w.r.t.",
    "iid": "i.i.d.", "argmax": "argmax", "argmin": "argmin", "bmod": "mod", "eqsim": "≂",
    "cdots": "…", "ldots": "…", "dots": "…", "vdots": "…", "infinity": "∞",
}  # fmt: skip
FUNCTIONS = frozenset({
    "log", "ln", "exp", "max", "min", "sup", "inf", "lim", "sin", "cos", "tan", "tanh", "arg",
    "argmax", "argmin", "det", "dim", "ker", "gcd", "Pr", "bmod", "deg", "limsup", "liminf",
    "poly", "polylog",
})  # fmt: skip
# Relations and arrows stand between spaces.
RELATIONS = frozenset("∈∉≤≥≪≫≈≃≅≡∼≠∝→←↔⇒⇔↦↪⟶⟵⊂⊆⊃⊇≲≳±∪∩≍≺≻⪯⪰⊥")
# Nothing is shown of these …
SILENT = frozenset({
    "left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "bigg", "Bigg", "biggl",
    "biggr", "displaystyle", "textstyle", "limits", "scriptstyle", "scriptscriptstyle",
    "nolimits", "noindent", "centering", "bf", "it", "em", "rm", "sc", "tt", "sf", "sl",
    "cal", "small", "tiny", "large", "Large", "footnotesize", "normalsize", "bfseries", "itshape",
    "scshape", "ttfamily", "sffamily", "rmfamily", "allowbreak", "protect", "relax", "xspace",
    "smallskip", "medskip", "bigskip", "maketitle", "par", "mathstrut", "middle",
    "textnormalfont", "normalfont", "selectfont", "break", "hfill",
})  # fmt: skip
# … and these hide what follows them in braces.
HIDDEN = {
    "cite": 1, "citep": 1, "citet": 1, "citealp": 1, "citealt": 1, "citeauthor": 1, "citeyear": 1,
    "autocite": 1, "parencite": 1, "textcite": 1, "ref": 1, "eqref": 1, "cref": 1, "Cref": 1,
    "autoref": 1, "label": 1, "color": 1, "begin": 1, "end": 1, "vspace": 1, "hspace": 1,
    "includegraphics": 1, "phantom": 1, "hphantom": 1, "vphantom": 1, "renewcommand": 2,
    "newcommand": 2, "def": 0, "thanks": 1, "index": 1,
}  # fmt: skip
# The last of these arguments is shown.
LAST_OF_TWO = frozenset({
    "href", "textcolor", "hyperlink", "colorbox", "hypertarget", "underset", "overset",
    "stackrel", "raisebox", "texorpdfstring", "fontsize",
})  # fmt: skip
# What is shown is their argument: braces, or the next character or command.
FONTS = frozenset({
    "mathcal", "mathbf", "mathrm", "mathsf", "mathit", "mathfrak", "mathscr", "mathtt",
    "mathnormal", "boldsymbol", "bm", "pmb", "textbf", "textit", "text", "textrm", "textsc",
    "texttt", "textsf", "textsl", "textup", "textmd", "emph", "underline", "uline", "mbox",
    "operatorname", "mathop",
})  # fmt: skip
HOLLOW = frozenset({"mathbb", "Bbb", "mathds", "mathbbm"})
# The names that end with the space after them, as \ss and \o do.
LETTERS = frozenset({
    "o", "O", "l", "L", "ss", "ae", "AE", "oe", "OE", "aa", "AA", "i", "j", "dh", "DH", "dj",
    "DJ", "th", "TH", "ng", "NG",
})  # fmt: skip
# siunitx: a number or nothing, then units spelled as commands.
QUANTITIES = {"SI": 1, "qty": 1, "SIrange": 2, "qtyrange": 2, "si": 0, "unit": 0}
UNITS = {
    "tera": "T", "giga": "G", "mega": "M", "kilo": "k", "centi": "c", "milli": "m",
    "micro": "µ", "nano": "n", "pico": "p", "femto": "f", "meter": "m", "metre": "m",
    "second": "s", "minute": "min", "hour": "h", "day": "d", "gram": "g", "hertz": "Hz",
    "volt": "V", "ampere": "A", "watt": "W", "joule": "J", "newton": "N", "pascal": "Pa",
    "kelvin": "K", "celsius": "°C", "degreeCelsius": "°C", "tesla": "T", "ohm": "Ω",
    "mole": "mol", "litre": "L", "liter": "L", "byte": "B", "bit": "bit", "decibel": "dB",
    "electronvolt": "eV", "angstrom": "Å", "per": "/", "squared": "²", "cubed": "³",
}  # fmt: skip
UPPER = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟ",
        strict=True,
    )
)
LOWER = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
DOUBLE_STRUCK = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ"}
RAISED = frozenset([*UPPER.values(), *LOWER.values()])
PLAIN_EXPONENTS = frozenset({"th", "st", "nd", "rd", "*", "°", "′", "′′", "ᵀ", "†", "'"})


@cache
def symbols() -> dict[str, str]:
    """Each macro without arguments and the characters it stands for."""
    table = {
        spec.macroname: spec.simplify_repl.strip()
        for spec in get_default_latex_context_db().iter_macro_specs()
        if isinstance(spec.simplify_repl, str) and "%" not in spec.simplify_repl
    }
    return {name: text for name, text in table.items() if text and "\\" not in text} | SYMBOLS
