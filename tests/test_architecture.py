"""The rules of the house, as tests: who may import whom, and how large a room may grow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("flows", "tasks", "storage")
MODULES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
DOMAIN = ("video", "encoder", "normality", "report", "scene")
MATHEMATICS = {"numpy", "scipy", "sklearn"}
# What a package may never import, by the first words of the module's name.
FORBIDDEN = {
    "storage": ("prefect", "torch", "transformers", "tasks", "flows", "av", "decord"),
    "tasks/video": ("prefect", "pyarrow", "torch", "storage", "flows"),
    "tasks/encoder": ("prefect", "pyarrow", "storage", "flows"),
    "tasks/normality": ("prefect", "pyarrow", "torch", "av", "decord", "storage", "flows"),
    "tasks/report": ("prefect", "pyarrow", "torch", "av", "decord", "storage", "flows"),
    "tasks/scene": ("prefect", "pyarrow", "torch", "storage", "flows"),
    "tasks": ("flows",),
    "flows": ("pyarrow", "torch", "transformers", "av", "decord"),
}


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, anywhere in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def starts_with(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_that_its_rule_forbids(package: str) -> None:
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in (ROOT / package).rglob("*.py")
        for module in imports_of(path)
        for prefix in FORBIDDEN[package]
        if starts_with(module, prefix)
    ]
    assert not wrong


@pytest.mark.parametrize("package", DOMAIN)
def test_a_domain_package_never_imports_another(package: str) -> None:
    others = [f"tasks.{name}" for name in DOMAIN if name != package]
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in (ROOT / "tasks" / package).rglob("*.py")
        for module in imports_of(path)
        for other in others
        if starts_with(module, other)
    ]
    assert not wrong


def test_the_law_of_normality_needs_mathematics_alone() -> None:
    for path in (ROOT / "tasks/normality").glob("*.py"):
        foreign = {
            module.partition(".")[0]
            for module in imports_of(path)
            if not starts_with(module, "tasks.normality")
        } - set(sys.stdlib_module_names)
        assert foreign <= MATHEMATICS, name_of(path)


@pytest.mark.parametrize("path", sorted((ROOT / "flows").glob("[a-z]*_*.py")), ids=name_of)
def test_a_flow_module_defines_flows_and_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        assert not isinstance(node, ast.ClassDef), f"{path.name} defines the class {node}"
        if isinstance(node, ast.FunctionDef):
            names = [ast.unparse(decorator) for decorator in node.decorator_list]
            assert any(name.startswith("flow(") for name in names), node.name
            assert node.name == path.stem


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_holds_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= 300
    assert not text.strip() or ast.get_docstring(tree), "says in one sentence what it knows"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_footage_is_opened_in_the_child_process_alone() -> None:
    openers = {f"tasks.video.{name}" for name in ("container", "decoding", "headers", "probing")}
    for path in MODULES:
        if path.parent.name == "video":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in openers:
                names = {alias.name for alias in node.names}
                assert not names & {"probe_video", "FrameReader", "open_stream", "read_header"}, (
                    name_of(path)
                )


def test_no_module_is_named_after_the_standard_library_or_after_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "misc", "core"}
    for path in MODULES:
        name = path.parent.name if path.stem == "__init__" else path.stem
        assert name not in nothing, name_of(path)
        assert name not in sys.stdlib_module_names, name_of(path)


def test_every_package_is_in_the_distribution() -> None:
    listed = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for package in {path.parent for path in MODULES}:
        assert f'"{name_of(package).replace("/", ".")}"' in listed, name_of(package)


def test_importing_a_leaf_is_cheap() -> None:
    leaves = "storage.shards, storage.profiles, tasks.video.decoding, tasks.encoder.identity"
    code = (
        f"import sys, {leaves}\n"
        "heavy = {'prefect', 'torch', 'transformers', 'av', 'decord'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
