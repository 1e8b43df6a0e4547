"""Make `del v.grad` an error, in the C that mypyc writes.

Python deletes an attribute by calling its setter with NULL. The setters that mypyc writes for properties pass that on as a value, which
ends the process. Here they raise the error of a Python class instead.
"""

import re
from pathlib import Path

PATTERN = re.compile(r"(\w+_set_(\w+)\(\w+ \*self, PyObject \*value, void \*closure\)\s*\{\n)(?!\s*if \(value == NULL\))")
"""The beginning of a setter. Those of plain attributes look at the value themselves."""

CHECK = """    if (value == NULL) {{
        PyErr_Format(PyExc_AttributeError, "property '{name}' of '%.100s' object has no deleter", Py_TYPE(self)->tp_name);
        return -1;
    }}
"""


def patch(folder: Path) -> None:
    """Give the setters in the C sources below `folder` the check.

    Raises:
        RuntimeError: there is none. Such a build must not be used.
    """
    patched = 0
    for path in folder.rglob("*.c"):
        text = path.read_text(encoding="utf-8")
        result, count = PATTERN.subn(lambda match: match[1] + CHECK.format(name=match[2]), text)
        if count:
            path.write_text(result, encoding="utf-8")
        patched += count
    if not patched:
        raise RuntimeError(f"there are no setters below {folder}: this version of mypyc is not supported")
