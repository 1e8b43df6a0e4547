"""The notebooks in Chinese: the same cells, with the same code; what is said between them is another text.

``python tests/translation.py 07`` brings notebooks/zh/07_… in step: it takes cells, code and outputs from the English notebook, keeps the
Chinese text of each cell by its id, puts the English one where there is none, and says what is missing.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course import CHINESE, CODE, FOLDED, FOLDER, NOTEBOOKS, cells, module_of
from markdown_links import links, pictures, without_code

CHARACTERS = re.compile("[一-鿿]")
FORMULA = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|</?\w+[^>]*>", re.DOTALL)
TITLES = {"Hint": "提示", "Solution": "答案"}
"""The titles of what is folded."""


def translated(text: str) -> str:
    """What a cell has printed, with what checks say to an exercise as it stands, and sliders where there are none, in Chinese."""
    checks, sliders = (module_of(CHINESE / name)._english for name in ("checks.py", "sliders.py"))
    text = re.sub(r"^(\d+\.\d+: )(not yet\.)$", lambda found: found[1] + checks.TRANSLATIONS[found[2]], text, flags=re.MULTILINE)
    before, after = map(re.escape, sliders.STILL.split("{start}"))
    still = sliders.TRANSLATIONS[sliders.STILL]
    return re.sub(f"^{before}(.*){after}$", lambda found: still.format(start=found[1]), text, flags=re.MULTILINE)


def outputs(cell: dict[str, Any]) -> list[Any]:
    """The outputs of an English cell as the Chinese one has them."""
    result = json.loads(json.dumps(cell["outputs"]))
    for output in result:
        if "text" in output:
            output["text"] = translated("".join(output["text"])).splitlines(keepends=True)
    return list(result)


def differences(english: Path, chinese: Path) -> list[str]:
    """What keeps two notebooks out of step, each with the id of the cell."""
    pairs = cells(english), cells(chinese)
    ids = [[cell["id"] for cell in every] for every in pairs]
    if ids[0] != ids[1]:
        return [f"cells: {' '.join(sorted(set(ids[0]) ^ set(ids[1]))) or 'in another order'}"]
    result = []
    for ours, theirs in zip(*pairs, strict=True):
        if ours["cell_type"] == "code":
            wrong = [what for what in ("cell_type", "source", "metadata") if ours[what] != theirs.get(what)]
            if not wrong and normal(outputs(ours)) != normal(theirs["outputs"]):
                wrong = ["outputs"]
        else:
            wrong = between(ours["source"], theirs["source"])
        result += [f"{ours['id']}: {what}" for what in wrong]
    return result


def normal(every: list[Any]) -> str:
    """Outputs, with texts whole or in lines alike."""
    return json.dumps([{**output, "text": "".join(output.get("text", ""))} for output in every], sort_keys=True)


def between(english: str, chinese: str) -> list[str]:
    """What is not alike in two texts."""
    looks: dict[str, Callable[[str], object]] = {
        "headings": lambda text: re.findall("^#+(?= )", without_code(text), re.MULTILINE),
        "pictures": lambda text: sorted(pictures(text)),
        "formulas": lambda text: [
            re.sub(r"\\(text|mbox)\{[^}]*\}|\\[,;:! ]|[\s.,;。，；]", "", formula) for formula in FORMULA.findall(text)
        ],
        "code": CODE.findall,
        "items": lambda text: [len(re.findall(sign, without_code(text), re.MULTILINE)) for sign in (r"^ *[-*] ", r"^ *\d+\. ", r"^\|")],
    }
    result = [name for name, look in looks.items() if look(english) != look(chinese)]
    if led_to(english, FOLDER) != led_to(chinese, CHINESE):
        result.append("links")
    titles = [title for title, _ in FOLDED.findall(english)]
    if [re.sub("Hint|Solution", lambda word: TITLES[word[0]], title) for title in titles] != [
        title for title, _ in FOLDED.findall(chinese)
    ]:
        result.append("titles of folded texts")
    result += [f"emphasis without a space or a sign around it: {part[:60]!r}" for part in unrendered(chinese)]
    return result + [f"not in Chinese: {block[:60]!r}" for block in untranslated(chinese)]


def led_to(text: str, folder: Path) -> list[str]:
    """Where the links of a text in a folder lead, as both languages say it: to which page, not to which heading."""
    result = []
    for address in links(without_code(text)):
        name = address.partition("#")[0]
        if name and not re.match("[a-z]+:", name):
            target = Path(os.path.normpath(folder / name))
            name = f"another language: {target.name}" if folder != FOLDER == target.parent else target.as_posix()
            name = name.replace(f"{CHINESE.as_posix()}/", f"{FOLDER.as_posix()}/").replace("docs/zh/", "docs/")
        result.append(name.replace("README.zh-CN.md", "README.md"))
    return sorted(result)


def untranslated(text: str) -> list[str]:
    """The paragraphs with several words, of which none is Chinese."""
    blocks = re.split(r"\n\s*\n", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [block for block in blocks if len(re.findall("[A-Za-z]{2,}", NOT_PROSE.sub(" ", block))) > 2 and not CHARACTERS.search(block)]


def unrendered(text: str) -> list[str]:
    """Emphasis that Markdown shows as asterisks: where a sign stands on the inner side of the asterisks, and a character on the outer."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"`[^`]*`", "`x`", re.sub(r"\$[^$]*\$", "$x$", text))
    result = []
    for found in re.finditer(r"(\*\*?)(?![*\s])([^*]+?)(?<!\s)\1(?!\*)", text):
        before, after = text[: found.start()][-1:] or " ", text[found.end() :][:1] or " "
        if any(outer.isalnum() and not inner.isalnum() for outer, inner in ((before, found[2][0]), (after, found[2][-1]))):
            result.append(found[0])
    return result


def bring_in_step(english: Path, chinese: Path) -> None:
    """Write the Chinese notebook with the cells, code and outputs of the English one."""
    notebook = json.loads(english.read_text(encoding="utf-8"))
    old = {cell["id"]: cell for cell in cells(chinese)} if chinese.exists() else {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = outputs(cell)
        elif cell["id"] in old:
            cell["source"] = old[cell["id"]]["source"].splitlines(keepends=True)
    chinese.parent.mkdir(exist_ok=True)
    chinese.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for path in NOTEBOOKS:
        if path.name.startswith(tuple(sys.argv[1:])):
            bring_in_step(path, CHINESE / path.name)
            print(path.name, *differences(path, CHINESE / path.name) or ["in step"], sep="\n  ")
