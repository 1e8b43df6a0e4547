"""Make freeing a deep graph safe, in the C that mypyc writes.

Freeing the end of a chain frees its input, which frees its input, and so on: recursion as deep as the graph. mypyc guards
it with CPython's trashcan, which up to Python 3.13 links objects through the header of the cyclic garbage collector. A Value
has no such header (that is what makes it cheap), so the trashcan writes into the memory of a neighbour; and later Pythons
ignore objects without it, so the stack would overflow.

The deallocator of Value is replaced here by one that never recurses: while one Value is being freed, others that die are
linked into a list, and the first call frees them in turn. The link is stored where the gradient was, so it costs no
memory. The list belongs to the thread, so threads do not interfere.

All other classes without that header, such as the inputs of a dot, lose the trashcan too: they are freed from within a Value,
or hold lists of Values, and never nest.

The first Value that is freed also makes Python keep the memory of graphs: see arenas.c.
"""

import re
from pathlib import Path

ARENAS = Path(__file__).with_name("arenas.c")

BODY = """
static CPyThreadLocal {struct} *autograd_dying;   /* the list of Values still to be freed */
static CPyThreadLocal int autograd_freeing;

static void
{name}({struct} *self)
{{
    if (autograd_freeing) {{
        memcpy(&self->{link}, &autograd_dying, sizeof(self));
        autograd_dying = self;
        return;
    }}
    autograd_freeing = 1;
    keep_arenas();
    for (;;) {{
        {clear}((PyObject *)self);
        Py_TYPE(self)->tp_free((PyObject *)self);
        self = autograd_dying;
        if (self == NULL)
            break;
        memcpy(&autograd_dying, &self->{link}, sizeof(self));
    }}
    autograd_freeing = 0;
}}
"""

PLAIN = """
static void
{name}({struct} *self)
{{
    {clear}((PyObject *)self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}}
"""

PATTERN = r"""static void
(?P<name>\w+_dealloc)\((?P<struct>\w+) \*self\)
\{
\s*CPy_TRASHCAN_BEGIN\(self, (?P=name)\)
\s*(?P<clear>\w+)\(\(PyObject \*\)self\);
\s*Py_TYPE\(self\)->tp_free\(\(PyObject \*\)self\);
\s*CPy_TRASHCAN_END\(self\)
\s*done: ;
\s*\}
"""
"""A deallocator of a class without the header. That of a class with the header begins with PyObject_GC_UnTrack."""


def patch(folder: Path, name: str) -> None:
    """Replace the deallocator `name` in the C sources below `folder`, and remove the trashcan from all classes without the header.

    Raises:
        RuntimeError: the deallocator does not occur exactly once in the expected form. Such a build must not be used.
    """
    pattern = re.compile(re.sub(r"\n(?!\\s)", r"\n\\s*", PATTERN))
    replaced = 0

    def deallocator(match: re.Match[str]) -> str:
        nonlocal replaced
        if match["name"] != name:
            return PLAIN.format(**match.groupdict())
        replaced += 1
        return ARENAS.read_text(encoding="utf-8") + BODY.format(link="__grad", **match.groupdict())

    for path in folder.rglob("*.c"):
        text = path.read_text(encoding="utf-8")
        patched = pattern.sub(deallocator, text)
        if patched != text:
            path.write_text(patched, encoding="utf-8")
    if replaced != 1:
        raise RuntimeError(f"there are {replaced} deallocators {name} below {folder}, not one: this version of mypyc is not supported")
