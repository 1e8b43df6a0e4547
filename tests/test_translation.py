"""The course in Chinese keeps step with the English one: the same cells, code, outputs and exercises, and every message has a translation."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from course import CHINESE, FOLDER, NOTEBOOKS, cells, checks, module_of
from translation import CHARACTERS, bring_in_step, differences, led_to, unrendered

GENERAL = set(module_of(FOLDER / "checks").GENERAL)

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def chinese(path: Path) -> Path:
    if not (CHINESE / path.name).exists():
        pytest.skip(f"{path.name} is not in Chinese yet")
    return CHINESE / path.name


@each
def test_it_keeps_step(path: Path) -> None:
    assert differences(path, chinese(path)) == [], f"python tests/translation.py {path.name[:2]}"


@each
def test_it_opens_as_the_english_one(path: Path) -> None:
    first = cells(chinese(path))[0]["source"]
    minutes = re.search(r"About (\d+) minutes", cells(path)[0]["source"])
    assert minutes
    assert re.search(rf"约 {minutes[1]} 分钟", first), path.name
    assert first.startswith(f"# {int(path.name[:2])}. "), path.name
    assert "你将能够\n\n- " in first, path.name


def test_there_is_no_other() -> None:
    assert {path.name for path in CHINESE.glob("*.ipynb")} <= {path.name for path in NOTEBOOKS}


@each
def test_messages_have_a_translation(path: Path) -> None:
    chinese(path)
    lesson, translations = f"check_{int(path.name[:2])}_", module_of(CHINESE / "checks.py")._english.TRANSLATIONS
    for name, check in checks().items():
        for message in messages(check) if name.startswith(lesson) else ():
            assert message in translations, f"{name}: {message}"
            assert CHARACTERS.search(translations[message]), name
            assert sorted(re.findall(r"\{\w*\}", message)) == sorted(re.findall(r"\{\w*\}", translations[message])), f"{name}: {message}"


def test_what_any_check_can_say_has_a_translation() -> None:
    translations = module_of(CHINESE / "checks.py")._english.TRANSLATIONS
    for message in GENERAL:
        assert CHARACTERS.search(translations[message])
        assert sorted(re.findall(r"\{\w*\}", message)) == sorted(re.findall(r"\{\w*\}", translations[message])), message


def messages(check: Any) -> Iterator[str]:
    """All that a check can say."""
    yield from filter(None, (check.otherwise, check.why, *(message for _, message in check.wrong)))


def test_nothing_else_is_translated() -> None:
    said = {message for check in checks().values() for message in messages(check)}
    assert module_of(CHINESE / "checks.py")._english.TRANSLATIONS.keys() - said == GENERAL - said


def test_the_glossaries_keep_step() -> None:
    texts = [(folder / "glossary.md").read_text(encoding="utf-8") for folder in (FOLDER, CHINESE)]
    shapes = [[re.sub(r"[^#*\-|].*", "", line)[:2] for line in text.splitlines()] for text in texts]
    assert shapes[0] == shapes[1]
    assert led_to(texts[0], FOLDER) == led_to(texts[1], CHINESE)
    terms = [re.findall(r"^- \*\*(.+?)\*\*", text, re.MULTILINE) for text in texts]
    assert len(terms[0]) == len(terms[1]) > 30
    assert all(CHARACTERS.search(term) for term in terms[1] if term != "Value")


def test_from_the_folder_of_the_chinese_notebooks_everything_answers_in_chinese() -> None:
    name, check = next((name, check) for name, check in checks().items() if check.why and not callable(check.right))
    code = f"from checks import {name}\n{name}(...)\n{name}({check.right!r})\nfrom sliders import slider\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHINESE, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    open_, right = done.stdout.splitlines()
    assert open_ == f"{check.name}: 还没有作答。"
    assert right.startswith(f"{check.name}: 正确。")
    assert CHARACTERS.match(right.removeprefix(f"{check.name}: 正确。")), "no blank after a Chinese full stop"


# -- planted differences -------------------------------------------------------------------------------------------------------

Change = Callable[[list[dict[str, Any]]], None]


def markdown(every: list[dict[str, Any]], sign: str) -> dict[str, Any]:
    """The first cell of text that has a sign."""
    return next(cell for cell in every if cell["cell_type"] == "markdown" and sign in "".join(cell["source"]))


def replace(old: str, new: str) -> Change:
    def change(every: list[dict[str, Any]]) -> None:
        cell = markdown(every, old)
        cell["source"] = "".join(cell["source"]).replace(old, new, 1)

    return change


def edit_code(every: list[dict[str, Any]]) -> None:
    cell = next(cell for cell in every if cell["cell_type"] == "code")
    cell["source"] = ["# 求和\n", *cell["source"]]


def drop_output(every: list[dict[str, Any]]) -> None:
    next(cell for cell in every if cell.get("outputs"))["outputs"] = []


def drop_tags(every: list[dict[str, Any]]) -> None:
    next(cell for cell in every if cell["metadata"].get("tags"))["metadata"] = {}


def to_english(every: list[dict[str, Any]]) -> None:
    markdown(every, "##")["source"] = ["## A number that remembers"]


CHANGES: dict[str, Change] = {
    "cells": lambda every: every.pop() and None,
    "source": edit_code,
    "outputs": drop_output,
    "metadata": drop_tags,
    "headings": replace("## ", "### "),
    "links": replace("](glossary.md", "](../glossary.md"),
    "formulas": replace("\\frac", "\\tfrac"),
    "code": replace("```python\n", "```python\n# 求和\n"),
    "titles of folded texts": replace("提示 1", "Hint 1"),
    "items": replace("\n- ", "\n\n"),
    "emphasis": replace("**叶节点**", "**叶节点，**直接创建"),
    "not in Chinese": to_english,
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_planted_difference_is_told(what: str, tmp_path: Path) -> None:
    english = NOTEBOOKS[0]
    notebook = json.loads(chinese(english).read_text(encoding="utf-8"))
    CHANGES[what](notebook["cells"])
    planted = tmp_path / english.name
    planted.write_text(json.dumps(notebook), encoding="utf-8")
    assert [line for line in differences(english, planted) if what in line]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("称为**叶节点**。", []),
        ("**怎么办？** 看图。", []),
        ("**怎么办？**看图。", ["**怎么办？**"]),
        ("叫作**（异或）**", ["**（异或）**"]),
        ("对*单个*运算，`a**2` 与 $a * b$ 和 `b**2`", []),
        ("用**`dot`**来算", ["**`x`**"]),
        ("用 **`dot`** 来算", []),
    ],
)
def test_emphasis_that_is_not_rendered_is_found(text: str, shown: list[str]) -> None:
    assert unrendered(text) == shown


def test_it_is_brought_in_step(tmp_path: Path) -> None:
    english = NOTEBOOKS[0]
    planted = tmp_path / english.name
    shutil.copy(chinese(english), planted)
    notebook = json.loads(planted.read_text(encoding="utf-8"))
    for change in (edit_code, drop_output, drop_tags):
        change(notebook["cells"])
    planted.write_text(json.dumps(notebook), encoding="utf-8")
    bring_in_step(english, planted)
    assert planted.read_bytes() == chinese(english).read_bytes()
