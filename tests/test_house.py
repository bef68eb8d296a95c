"""The house's one rule of construction: newsletter → subscribers → papers, never back."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOOR = {"papers": 0, "subscribers": 1, "newsletter": 2}


def imported_packages(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", FLOOR)
def test_a_package_imports_none_above_it(package):
    above = {name for name, floor in FLOOR.items() if floor > FLOOR[package]}

    offenders = {
        str(file.relative_to(ROOT)): sorted(imported_packages(file) & above)
        for file in (ROOT / package).rglob("*.py")
        if imported_packages(file) & above
    }

    assert offenders == {}


# Decisions: numbers in, numbers out; they may import each other and nothing else of ours.
PURE = [
    *(
        "backtest",
        "candidates",
        "clusters",
        "encoded",
        "explanation",
        "features",
        "likeness",
        "likes",
        "matching",
    ),
    *(
        "packing",
        "phrases",
        "ranking",
        "readers",
        "readings",
        "relevance",
        "selection",
        "sentence_terms",
        "surprise",
        "trend",
        "words",
    ),
]


@pytest.mark.parametrize("module", PURE)
def test_a_decision_is_pure_of_django_and_of_all_that_stores(module):
    file = ROOT / "papers" / f"{module}.py"
    tree = ast.parse(file.read_text(encoding="utf-8"))

    siblings = {
        node.module.partition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("papers")
    }

    assert imported_packages(file) & {"django", "subscribers", "newsletter"} == set()
    assert siblings <= set(PURE)
