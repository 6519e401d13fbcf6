"""What import-linter cannot hold: app.py, heavy libraries, and what each process loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "api", "auth", "benchmarks", "components", "data", "domain", "models", "pages", "runtime", "services",
    "simulator",
)  # fmt: skip


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def users_of(library: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if any(name == library or name.startswith(library + ".") for name in imported(path))
    }


def test_shares_are_written_by_one_formatter() -> None:
    """`2.8 %` everywhere, by domain.wording.percent: Python's own writes `2.8%`."""
    own = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FormattedValue)
        and node.format_spec is not None
        and ast.unparse(node.format_spec).rstrip("'\"").endswith("%")
    ]
    assert own == []


def test_app_is_short_and_knows_the_runtime_only() -> None:
    path = ROOT / "app.py"
    assert len(path.read_text().splitlines()) < 80
    ours = {name.split(".")[0] for name in imported(path)} & set(PACKAGES)
    assert ours == {"runtime"}


def test_torch_is_for_training_only() -> None:
    assert users_of("torch")
    assert all(name.endswith(("/network.py", "/train.py")) for name in users_of("torch"))


def test_streamlit_is_for_screens_only() -> None:
    allowed = ("pages/", "components/", "runtime/web")
    assert users_of("streamlit")
    assert [name for name in users_of("streamlit") if not name.startswith(allowed)] == []


def test_domain_needs_the_standard_library_only() -> None:
    for path in (ROOT / "domain").rglob("*.py"):
        tops = {name.split(".")[0] for name in imported(path)} - {"domain"}
        assert tops <= sys.stdlib_module_names, path.name


def test_modules_are_short() -> None:
    ours = [path for path in sources() if "migrations" not in path.parts]  # those are generated
    long = {p.relative_to(ROOT).as_posix(): n for p in ours if (n := len(p.read_text().splitlines())) >= 300}
    assert long == {}


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("runtime.workers.ingest", {"streamlit", "shap", "torch", "onnxruntime", "simulator", "pandas"}),
        ("runtime.workers.score", {"streamlit", "torch", "simulator", "paho"}),
        ("runtime.workers.relay", {"streamlit", "shap", "torch", "onnxruntime", "simulator", "pandas"}),
        ("runtime.workers.notify", {"streamlit", "shap", "torch", "onnxruntime", "simulator", "pandas"}),
        ("runtime.workers.watch", {"streamlit", "shap", "torch", "onnxruntime", "simulator", "pandas"}),
        ("runtime.web", {"shap", "torch", "onnxruntime", "simulator", "paho"}),
        ("simulator.run", {"streamlit", "shap", "torch", "onnxruntime", "services", "models"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, forbidden: set[str]) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(loaded.stdout.split()) & forbidden == set()
