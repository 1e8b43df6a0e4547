"""Insert the docstrings of the sources into the C that mypyc writes, which has only the signatures.

Python takes the documentation of compiled functions, methods, properties and classes from strings in C. Each begins with the signature,
if there is one, as in ``backward($self, create_graph=False)\\n--\\n\\n``. The docstring is inserted after it, so that `help` says the same
in both builds.
"""

import ast
import inspect
import re
from pathlib import Path

TABLE = re.compile(r"static Py(?:MethodDef|GetSetDef) (\w+)\[\] = \{.*?\n\s*\};", re.DOTALL)
METHOD = re.compile(r'(\{"(\w+)",\s*\(PyCFunction\)\w+,\s*[A-Z_| ]+,\s*PyDoc_STR\()(NULL|"(?:[^"\\]|\\.)*")\)')
PROPERTY = re.compile(r'(\{"(\w+)",\s*\(getter\)\w+,\s*(?:\(setter\)\w+|NULL),\s*)NULL(, NULL\})')
CLASS = re.compile(r'(\.tp_name = "(\w+)",(?:(?!\.tp_name).)*?\.tp_doc = PyDoc_STR\()(NULL|"(?:[^"\\]|\\.)*")\)', re.DOTALL)


def docstrings(source: Path) -> dict[str, str]:
    """The docstrings of a module by name. Methods and properties are named ``Class.name``."""
    texts: dict[str, str] = {}

    def visit(node: ast.Module | ast.ClassDef, prefix: str) -> None:
        for item in node.body:
            if isinstance(item, ast.FunctionDef | ast.ClassDef):
                text = ast.get_docstring(item)
                if text:
                    texts.setdefault(prefix + item.name, inspect.cleandoc(text))
                if isinstance(item, ast.ClassDef):
                    visit(item, f"{prefix}{item.name}.")

    visit(ast.parse(source.read_text(encoding="utf-8")), "")
    return texts


def literal(text: str) -> str:
    """A text as a string literal of C."""
    escapes = {ord("\n"): "\\n", ord('"'): '\\"', ord("\\"): "\\\\", ord("?"): "\\?"}
    return '"' + "".join(escapes.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in text.encode()) + '"'


def documented(c: str, sources: list[str]) -> str:
    """The C source of a group of modules, with the docstrings of their Python sources inserted."""
    by_table: dict[str, dict[str, str]] = {}  # by table in C, which mypyc names after the module and class
    of_classes: dict[str, str] = {}
    for source in sources:
        module, texts = Path(source).stem, docstrings(Path(source))
        for name, text in texts.items():
            owner, _, own = name.rpartition(".")
            if owner:
                for kind in ("methods", "getseters"):
                    by_table.setdefault(f"{module}___{owner}_{kind}", {})[own] = text
            else:
                by_table.setdefault(f"{module}module_methods", {})[own] = text
                of_classes[own] = text

    def inserted(match: re.Match[str], texts: dict[str, str]) -> str:
        text = texts.get(match[2])
        signature = "" if match[3] == "NULL" else match[3] + " "
        return match[0] if text is None else f"{match[1]}{signature}{literal(text)})"

    def table(match: re.Match[str]) -> str:
        texts = by_table.get(match[1], {})
        filled = METHOD.sub(lambda entry: inserted(entry, texts), match[0])
        return PROPERTY.sub(lambda p: f"{p[1]}{literal(texts[p[2]])}{p[3]}" if p[2] in texts else p[0], filled)

    return CLASS.sub(lambda match: inserted(match, of_classes), TABLE.sub(table, c))


def patch(folder: Path, sources: list[str]) -> None:
    """Insert the docstrings of the sources into the C sources below `folder`."""
    for path in folder.rglob("*.c"):
        text = path.read_text(encoding="utf-8")
        path.write_text(documented(text, sources), encoding="utf-8")
