import json
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import text
from papers.sources import hf, hf_text
from papers.sources.hf_math import ADDRESS, mended

PIECES = st.sampled_from([
    "times", "sim", "approx", "pm", "^circ", "^", "_", "{", "}", "2", "N", " ", "textbf{", "to",
    "cdot", "pi_", "(", ")", "https://", "\\", "\n",
])  # fmt: skip


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a 2times gain, 1.5times, 9%times", "a 2× gain, 1.5×, 9%×"),
        ("8times8times4 cells, 3 times 3, 6times\n7", "8×8×4 cells, 3 × 3, 6 × 7"),
        ("up to times3.2, by Ktimes, R^2times", "up to ×3.2, by K×, R²×"),
        ("7{times} in {sim}5, sim100B, (sim 3)", "7× in ~5, ~100B, (~3)"),
        ("20sim 30 and 1.2sim1.5times", "20~30 and 1.2~1.5×"),
        ("(pm1), 7pm0.5, leq3B, geq 4, approx5%", "(±1), 7±0.5, ≤3B, ≥ 4, ≈5%"),
        ("a 360^circ view, 90^{circ}, 4^circtimes5^circ", "a 360° view, 90°, 4°×5°"),
        ("Bee^2: H^2ive, Fly^*, Code^N, R^d", "Bee²: H²ive, Fly*, Codeᴺ, Rᵈ"),
        ("nabla^2Bee, pi_0, ell_1, x_i, 10^(-9)", "∇²Bee, π₀, ℓ₁, xᵢ, 10⁻⁹"),
        ("textit{H}ive of mathcal{O}(n), (mathrm{Bee)}", "Hive of O(n), (Bee)"),
        ("a rightarrow b, Hive infty, 0.1to0.2", "a → b, Hive ∞, 0.1 to 0.2"),
    ],
)
def test_what_is_left_of_a_formula_is_read(written, shown):
    assert text.clean(mended(written)) == shown


@pytest.mark.parametrize(
    "written",
    [
        "Sometimes, at times or 8-times, it times out; timestep 5, runtimes 3.",
        "A sim2real gap, sim-to-real, a simple simulator, SIM 3, sim3d.",
        "At 3 pm 5 bees left; pm2.5 is approximate; upper circles; in tau2-bench",
        "See https://bees.example/2times_x_1^2 and float8_e4m3, tool_call, x_max, a/b_c.",
        "A context of infrastructure, 2to-do lists, emphasis {here}, pass@k.",
    ],
)
def test_words_names_and_addresses_stay(written):
    assert mended(written) == written


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join)))
def test_whatever_is_mended_no_address_is_changed_and_no_command_made(written):
    shown = mended(written)

    assert all(address in shown for address in ADDRESS.findall(written))
    assert shown.count("\\") <= written.count("\\")


@pytest.mark.parametrize(
    "part", ["times", "2times", "sim ", "^", "_", "textbf{", "{", "a^", "https://", "1 ", "pi_"]
)
def test_a_hundred_thousand_characters_cost_little(part):
    hostile = part * (100_000 // len(part))
    start = time.process_time()

    mended(hostile)

    assert time.process_time() - start < 1


def test_papers_of_the_api_and_of_a_copied_page_come_mended():
    paper = {"id": "2602.13515", "title": "Bee^*: Fly", "summary": "Up to 2times, sim5."}
    page = "Daily Papers\nBee^*: Fly\n" + "It flies up to 2times. " * 20 + "\n3 authors\n"

    [answered] = hf.parse(json.dumps([{"paper": paper}]).encode()).records
    [copied] = hf_text.parse(page.encode(), on=date(2026, 2, 21)).records

    assert (answered.title, answered.abstract) == ("Bee*: Fly", "Up to 2×, ~5.")
    assert copied.title == "Bee*: Fly"
    assert copied.abstract.startswith("It flies up to 2×.")
