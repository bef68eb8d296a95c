import gzip
import json
import re
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from papers import text
from papers.sources.hf_math import mended

LATEX_BITS = st.sampled_from([
    r"\textbf{", "}", "{", "$", "$$", r"\(", r"\)", r"\[", r"\]", r"\frac", r"\sqrt[3]{", r"\hat{",
    "^", "_", "^{", r"\alpha", "\\", r"\%", r"\$", "&", "&amp;", "&#92;", "&#36;", "&#x202e;", "<",
    "<b>", "</i>", "~", "--", "---", "``", "''", r"\'", r"\"", r"\c", r"\unicode{x41}", r"\1",
    r"\method{}", ".", "[12].", "e.g.", r"\sim", r"\mathcal", r"\emph{", r"\cite[", "]", r"\SI{",
    r"\not", "$5$", "*", "**", "^2", "^{*}", "% A", "\u0301", "\u2800", " ∼ ", "5",
])  # fmt: skip
OUTSIDE_TEXT = st.one_of(
    st.text(max_size=200),
    st.lists(st.one_of(LATEX_BITS, st.text(max_size=4)), max_size=30).map("".join),
    st.lists(LATEX_BITS, max_size=30).map(" ".join),
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (r"$\alpha$-Divergence and \textbf{bold \emph{claims}}", "α-Divergence and bold claims"),
        (r"L\'evy fl\"{o}w of Erd\H{o}s, Fran\c cois \& \v{S}", "Lévy flöw of Erdős, François & Š"),
        (r"\'{\i} \o stein \ss \aa{}ngstr\"om", "í østein ßångström"),
        (r"$O(n\log n)$, $\mathcal{O}(\sqrt{n})$", "O(n log n), O(√n)"),
        (r"$\tilde O(1/\varepsilon^d)$", "Õ(1/εᵈ)"),
        (r"\(x_2\) in $\mathbb{R}^{n \times d}$", "x₂ in ℝ^(n × d)"),
        (r"$10^{-3}$, $x_{\max}$, $5^{th}$", "10⁻³, x_max, 5th"),
        (r"$\frac{1}{2}$, $\frac{a+b}{c}$, $\binom{n}{k}$", "1/2, (a+b)/c, (n choose k)"),
        (r"3.36$\times$ faster, 7\% of 30$^\circ$", "3.36× faster, 7% of 30°"),
        (r"We present \method{}, \ours and \ac{LLM}s", "We present method, ours and LLMs"),
        (r"as in~\cite{x}, Fig.~\ref{fig} \footnote{Code below.}", "as in, Fig. (Code below.)"),
        (r"see \href{https://a.example}{our page}", "see our page"),
        (r"at \url{https://b.example/x_y}", "at https://b.example/x_y"),
        ("Codebook Size 2^{128}, x_{i}", "Codebook Size 2¹²⁸, xᵢ"),
        ("costs \\$5 or $6 to $10 each", "costs $5 or $6 to $10 each"),
        ("a --- b, 1--5, ``quoted'' and --help", "a — b, 1–5, “quoted” and --help"),
        ("Two lines\n  of a <b>bold</b> title &amp;amp; more", "Two lines of a bold title & more"),
        ("<think> when x<y and AT&T", "<think> when x<y and AT&T"),
        ("right\u202eleft\u2066\u200b\x07\ufeff\ud800 end", "rightleft end"),
        ("https://x.example/~me/a_b?c=1&d=2", "https://x.example/~me/a_b?c=1&d=2"),
        ("e\u0301tude", "étude"),
    ],
)  # fmt: skip
def test_clean_turns_markup_into_plain_characters(raw, shown):
    assert text.clean(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (r"$N\sim90$ isotopes of $X \sim p$", "N ∼ 90 isotopes of X ∼ p"),
        (r"X \sim p in a$\sim$10 runs", "X ∼ p in a ∼ 10 runs"),
        (r"$\sim$5 (${\sim}6$), $7\sim 8$, $n^{\sim 3}$, 1$\sim$2", "~5 (~6), 7∼8, n^(∼3), 1∼2"),
        (
            r"across $5$ tasks, the $0$-$1$ case, $2$--$4\times$",
            "across 5 tasks, the 0-1 case, 2–4×",
        ),
        (r"Task$-$Aware at $+$3 points", "Task-Aware at +3 points"),
        (r"$5 and $10, or $5-$10, US\$5 and \$6, $7", "$5 and $10, or $5-$10, US$5 and $6, $7"),
        (r"$|\mathcal H|$, ${\cal O}(n)$, $\Bbb R^n$", "|H|, O(n), ℝⁿ"),
        (r"$\boldsymbol x_i$, $A^\mathsf T$, Fe$_{\textbf 3}$, \emph{}", "xᵢ, Aᵀ, Fe₃,"),
        (r"\textbf{$1.5\times$ speed}, \emph{$k$-trees}", "1.5× speed, k-trees"),
        (r"Bees\footnote{$x$ is one.} hum on \jump{$_k$}", "Bees (x is one.) hum on jumpₖ"),
        (r"the \zeta function, \nu = 2, 5 \AA{} wide", "the ζ function, ν = 2, 5 Å wide"),
        (r"$>$\SI{96}{\percent} in \SI{5}{\micro\meter}", ">96 % in 5 µm"),
        (r"\qtyrange{1}{2}{\kilo\meter\per\hour}, \si{\second}", "1–2 km/h, s"),
        (r"$\bot$, $\neg p$, $\ddagger$, \checkmark, \pounds5", "⊥, ¬ p, ‡, ✓, £5"),
        (r"$a\not=b$, $x\not\in A$, $\not\subset$", "a ≠ b, x ∉ A, ⊄"),
        (r"($\approx 4\times$ fewer) $( \le n )$", "(≈ 4× fewer) (≤ n)"),
        (r"$\ell_\infty$, $k_{*}$, $M_\odot$, $x^{\pm}$", "ℓ_∞, k_*, M_⊙, x^±"),
        (r"in \cite[\S3.5]{x} and \citep[see][p.~3]{y} we", "in and we"),
    ],
)
def test_formulas_are_read_as_they_are_meant(raw, shown):
    assert text.clean(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("2.1~dB, 4~percent, 10$^3$~GHz, 300--400~ms", "2.1 dB, 4 percent, 10³ GHz, 300–400 ms"),
        (r"1\%--2\%, $1.5\times$--$3\times$, a --b", "1%–2%, 1.5×–3×, a --b"),
        ("about ~10 of 20~40 at ~/notes", "about ~10 of 20~40 at ~/notes"),
        ("O(n^2), 10^-6, S^3/Z, M^3Bench", "O(n²), 10⁻⁶, S³/Z, M³Bench"),
        ("N^1/2, n^2.5, x^y and ^_^2", "N^1/2, n^2.5, x^y and ^_^2"),
        (r"5times, 2times3, 1.2sim3 (sometimes)", "5×, 2×3, 1.2~3 (sometimes)"),
        (r"\textitHow textbfREad bees? $($a$)$", "How REad bees? (a)"),
        ("Is it \"Secret Honey'' of \"two\" bees''?", 'Is it “Secret Honey” of "two" bees”?'),
        ("(**H**oney **B**ee) is *quite* **very fast**-ish", "(Honey Bee) is quite very fast-ish"),
        (
            "*-algebras, C*-algebras* and p<0.05*, 2**n+3**m",
            "*-algebras, C*-algebras* and p<0.05*, 2**n+3**m",
        ),
        ("a * b * c, * One *two, (*) and (*)", "a * b * c, * One *two, (*) and (*)"),
        ("%Large bees fly. %As seen", "Large bees fly. As seen"),
        ("Gain of 5 %As noted, 63 %\nBees", "Gain of 5 %As noted, 63 % Bees"),
    ],
)
def test_marks_that_other_writing_leaves_are_read(raw, shown):
    assert text.clean(raw) == shown


@given(OUTSIDE_TEXT)
@example("\\$x\\$ and {y}")
@example("&amp;amp;amp;amp;amp;amp;amp;lt;b&gt;")
def test_clean_text_stays_as_it_is_when_cleaned_again(raw):
    once = text.clean(raw)

    assert text.clean(once) == once


@given(OUTSIDE_TEXT)
def test_clean_text_is_one_line_of_printable_characters(raw):
    shown = text.clean(raw)

    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in shown)
    assert shown == " ".join(shown.split())
    assert "\\" not in shown


@pytest.mark.parametrize(
    "part",
    [
        "{",
        "}",
        "$",
        "\\",
        "\\[",
        "\\cite[",
        "\\not",
        "\\SI{",
        "$5$",
        "\\textbf{$",
        "$( ",
        "\u0301",
        "\\frac",
        "\\hat",
        "{\\b",
        "$x^{",
        "&amp;",
        "<b ",
        ".",
        "A. ",
    ],
)
def test_a_megabyte_of_anything_costs_less_than_a_second(part):
    hostile = part * (1_000_000 // len(part))
    start = time.process_time()

    text.sentences(text.clean(hostile))

    assert time.process_time() - start < 2


def test_every_category_of_unprintable_characters_is_known():
    unprintable = {
        chr(n)
        for n in range(0x110000)
        if unicodedata.category(chr(n)) in {"Cc", "Cf", "Cs", "Co"} and not chr(n).isspace()
    }

    assert {c for c in unprintable if not text.UNPRINTABLE.match(c)} == set()


@pytest.mark.parametrize("blank", ["\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\uffa0"])
def test_nothing_is_left_of_characters_that_nobody_sees(blank):
    assert text.clean(blank * 3) == ""
    assert text.clean(f"A{blank}B") == "AB"


@pytest.mark.parametrize("mark", ["\u0335", "\u0489", "\u0e49", "\u20dd", "\u034f\u0335"])
def test_a_letter_carries_eight_marks_at_most(mark):
    shown = text.clean(f"ab{mark * 200}c {mark * 200}d")

    assert shown == f"ab{mark[-1] * 8}c {mark[-1] * 8}d"
    assert text.clean(shown) == shown


def test_marks_and_signs_that_languages_need_stay():
    written = "ผู้ที่, ष्ट्रीय, שָׁלוֹם, Việt → ≈≈≈≈≈≈≈≈≈≈≈≈"

    assert text.clean(written) == unicodedata.normalize("NFC", written)


@pytest.mark.parametrize(
    "whole",
    [
        "As shown by Smith et al. (2020), it works.",
        "We use models, e.g. BERT and i.e. GPT vs. T5, for this.",
        "In Fig. 3 and Eq. 4 we see it.",
        "It gains 3.5 points with GPT-4.1 Turbo.",
        "The method of J. R. Smith holds.",
        "Prior work [12]. and others agree.",
        "Results of the U.S. Census are used.",
        "Dr. No meets Prof. Yes.",
        "Is it so?",
        "See No. 5 of the list.",
        "Material models include St. Venant-Kirchhoff and others.",
        "We ask Dr. Smith, Mr. Jones, Ms. Lee, Mrs. Ray and Prof. Kim.",
        "It beats MR. Video and Dr. MAS.",
        "In Sec. 2 and FIG. 3 it wins, vs. X and vs. Y.",
        "Cf. Newton and Approx. 5 of the E.g. Bees.",
        "Samples i.i.d. Gaussian, U.S. Treasury data and a Ph.D. Thesis.",
        "We treat H. Pylori with P. Carse and J.-P. Serre.",
        "It was made by J. Reilly, Kyoto, and by B. Kelly, Bonn.",
    ],
)
def test_a_stop_inside_a_sentence_does_not_end_it(whole):
    assert text.sentences(whole) == [whole]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("We improve it by 3.5.", "Our code is public."),
        ("It is known [3, 4].", "We go on."),
        ("Does it work?", "Yes."),
        ("He said “it works.”", "We agree."),
        ("All are of class A.", "We show more."),
        ("It was noted.[12]", "We follow."),
        ("It is fast.", "vLLM is faster."),
        ("Version 2.0 is out (see below).", "3D data helps."),
        ("Is the answer no?", "No."),
        ("We look at its adaptation to SR.", "Instead of words it reads."),
        ("Models better perform MT.", "This result holds."),
        ("It excels at proliferative DR.", "Both outperform it."),
        ("It is a model for neural CO.", "We provide it."),
        ("We test a set of MRs.", "In our evaluation it wins."),
        ("We learn in pool-based AL.", "Applying it helps."),
        ("It has a latency of 2.6 ms.", "These results hold."),
        ("It extends up to 1000 ms.", "Significance."),
        ("It scales with the samples N.", "Standard optimization fails."),
        ("Noise grows with N.", "Fortunately, bees are small."),
        ("The matrix is D.", "Their result is correct."),
        ("We scan them with MR.", "We see more."),
    ],
)
def test_a_stop_between_sentences_ends_the_first(first, second):
    assert text.sentences(f"{first} {second}") == [first, second]


def test_a_space_lost_behind_a_stop_does_not_join_two_sentences():
    assert text.sentences("It reads images.We show how.") == ["It reads images.", "We show how."]


@pytest.mark.parametrize("whole", ["It runs on torch.Tensor alone.", "See example.Theory for it."])
def test_a_stop_inside_a_name_ends_no_sentence(whole):
    assert text.sentences(whole) == [whole]


def test_sentences_without_spaces_are_found_in_chinese():
    assert text.sentences("我们提出一种方法。它很快！") == ["我们提出一种方法。", "它很快！"]


@pytest.mark.parametrize(
    ("line", "limit", "cut"),
    [
        ("Attention Is All You Need", 25, "Attention Is All You Need"),
        (
            "Learning Multi-View Spatial Reasoning from Video",
            44,
            "Learning Multi-View Spatial Reasoning…",
        ),
        ("Emergent Introspection in AI is Here", 32, "Emergent Introspection in AI…"),
        ("CoWTracker: Tracking by Warping instead of Cost", 45, "CoWTracker: Tracking by Warping…"),
        ("Neural Fields as a Basis for the Rest", 34, "Neural Fields as a Basis…"),
        ("Papers, Please: A Survey (with Notes)", 31, "Papers, Please: A Survey…"),
        ("Papers, Please: A Survey – Notes", 28, "Papers, Please: A Survey…"),
        ("Speaking of “In Context” Learning", 17, "Speaking of “In…"),
        ("We Program in C++ and in Rust Alone", 28, "We Program in C++…"),
        ("What Foxes Know and the Bear Said", 24, "What Foxes Know…"),
        ("What the Fox and the Bear Said", 24, "What the Fox and…"),
        ("Papers, Please, Honey, and Notes", 25, "Papers, Please, Honey…"),
        ("Learning to be or not to be", 20, "Learning to be or…"),
        ("一种新的方法用于图像分类", 6, "一种新的方…"),
    ],
)
def test_a_line_too_long_ends_behind_a_word_that_means_something(line, limit, cut):
    assert text.shortened(line, limit) == cut


SMALL_WORDS = st.sampled_from([*sorted(text.SMALL), "The", "(of", "“In", "–", "(", "“", "bee,"])
WORDS = st.lists(
    st.one_of(SMALL_WORDS, st.text("abcdefgh", min_size=1, max_size=14)), min_size=1, max_size=30
)


@given(WORDS, st.integers(30, 140), st.integers(0, 60))
def test_a_cut_line_is_the_beginning_of_the_line_and_ends_in_no_small_word(words, limit, least):
    line = " ".join(words)
    cut = text.shortened(line, limit, least=least)

    kept = cut.removesuffix("…")
    assert len(cut) <= limit
    assert line.startswith(kept)
    assert (kept == line) == (len(line) <= limit)
    if kept != line and " " in kept:
        before, last = kept.rsplit(" ", 1)
        assert kept == kept.rstrip(text.OPEN_ENDS)
        if last.lstrip(text.OPENING) in text.SMALL:
            assert len(before.rstrip(text.OPEN_ENDS)) < max(least, text.SETTLED_SHORTEST)


@pytest.mark.parametrize(
    "name",
    [
        "José García-Ruiz",
        "García-Ruiz, José",
        "JOSE GARCIA RUIZ",
        r"Jos\'e Garc\'ia-Ruiz",
        " jose  garcia\u200b ruiz ",
    ],
)
def test_one_person_has_one_key_however_the_name_is_written(name):
    assert text.author_key(name) == "jose garcia ruiz"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Søren Ørsted", "soren orsted"),
        ("张伟", "张伟"),
        ("Martin Luther King, Jr.", "martin luther king jr"),
        ("O'Neill", "oneill"),
        ("…", ""),
        ("", ""),
    ],
)
def test_names_of_all_scripts_have_a_key(name, key):
    assert text.author_key(name) == key


def test_a_title_key_ignores_case_spacing_and_first_names():
    one = text.title_key("On $\\alpha$-Stable  Laws:\n A Study", "Maya Ellison")

    assert one == text.title_key("On α-stable laws – a study", "M. Ellison")
    assert one != text.title_key("On α-stable laws – a study", "M. Okoye")
    assert one.startswith(text.title_key("On alpha-stable laws: a study".replace("alpha", "α"), ""))
    assert len(one) == 64


@pytest.fixture(scope="module")
def real_texts(real_data):
    files = {
        "arxiv_metadata/arxiv_2026-02_to_2026-03.jsonl.gz": str,
        "hf_daily_papers/compact_2024-05_to_2026-05.jsonl.gz": mended,
    }
    found = []
    for file, read in files.items():
        with gzip.open(real_data / file, "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                abstract = record.get("abstract") or record.get("summary") or ""
                found += [read(record["title"]), read(abstract)]
    return found


# Where a command's argument is lost at the source, or a "command" is the paper's subject.
CANNOT: set[str] = set()
# What no reader should meet: LaTeX, what is left of it, and marks of other writing.
UNREADABLE = re.compile(
    r"\\|&(?:#\w+|[A-Za-z]\w*);|\$[^$ ]*[\^{}_][^$]*\$|\$[\d()+-]\$"
    r"|(?<![A-Za-z])(?:math(?:cal|bf|rm|bb|sf|frak|scr|it)|text(?:bf|it|sc|tt|rm)|boldsymbol|Bbb)"
    r"|\dtimes(?![a-z])|\dsim\d|\^\{?circ|(?<!\d)\(?\bsim\d(?!real)(?![a-z])\d*%"
    r"|[\d%]~[A-Za-z]|[(\[] [≈≥≤±∼]|[_^]\(\W\)|[^\W\d_]\^\d(?!\d*[./\d])"
    r"|\*\*\w[^*]*\*\*(?!\w)|(?:^|[.:] )%[A-Z]"
)


@pytest.mark.realdata
def test_all_real_titles_and_abstracts_come_out_readable(real_texts):
    unreadable = {
        found.group() + shown[found.end() : found.end() + 20]
        for shown in map(text.clean, real_texts)
        if (found := UNREADABLE.search(shown) or text.UNPRINTABLE.search(shown))
    }

    assert len(real_texts) > 40_000
    assert unreadable == CANNOT
