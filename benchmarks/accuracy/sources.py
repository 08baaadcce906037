"""Which code a result came from, so that results made by other code are not taken for it."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def digest(text: str) -> str:
    """Twelve hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def source_hash(*modules: str) -> str:
    """A digest of these modules of the project and all that they import of it.

    Comments, docstrings and layout do not count: they change no result. Raises ValueError for what is no module.
    """
    if missing := [module for module in modules if _file(module) is None]:
        raise ValueError(f"no modules of this project: {', '.join(missing)}")
    meanings: dict[str, str] = {}
    todo = list(modules)
    while todo:
        module = todo.pop()
        file = _file(module)
        if module not in meanings and file is not None:
            tree = ast.parse(file.read_text())
            meanings[module] = _meaning(tree)
            todo += _imported(tree)
    return digest("\n".join(f"{module} {meanings[module]}" for module in sorted(meanings)))


def _file(module: str) -> Path | None:
    """The project's source of a module; None for what is not a module or not the project's."""
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    path = ROOT.joinpath(*parts)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _meaning(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
