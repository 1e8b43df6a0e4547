"""The files around the code agree with each other, and with what the distribution holds."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_links import anchors, links, pictures, without_code

from build_tools.long_description import long_description

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", ".github/**/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# -- versions -----------------------------------------------------------------------------------------------------------------


def test_one_version_and_one_date() -> None:
    released = re.search(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", read("CHANGELOG.md"), re.MULTILINE)
    assert released, "the changelog has no heading such as ## 0.2.0 - 2026-11-29"
    citation = yaml.safe_load(read("CITATION.cff"))
    assert released.groups() == (citation["version"], str(citation["date-released"]))
    assert PROJECT["project"]["version"] == citation["version"]


def test_the_citation_says_what_the_project_says() -> None:
    citation = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "authors"} <= set(citation)  # which the format requires
    project = PROJECT["project"]
    assert (citation["title"], citation["abstract"], citation["license"]) == (project["name"], project["description"], project["license"])


def test_every_supported_python_is_tested_and_built() -> None:
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert PROJECT["project"]["requires-python"] == f">={supported[0]}"
    workflow = yaml.safe_load(read(".github/workflows/ci.yml"))
    assert workflow["jobs"]["all"]["strategy"]["matrix"]["python"] == supported
    assert PROJECT["tool"]["cibuildwheel"]["build"].split() == [f"cp{version.replace('.', '')}-*" for version in supported]
    for name in ("README.md", "README.zh-CN.md"):
        assert f"badge/python-{'%20%7C%20'.join(supported)}-blue" in read(name)


# -- links --------------------------------------------------------------------------------------------------------------------


def dead_links(page: str, text: str) -> list[str]:
    """The relative links of a page that lead nowhere."""
    dead = []
    for address in [*links(without_code(text)), *pictures(without_code(text))]:
        if re.match(r"[a-z]+:", address):
            continue
        name, _, anchor = address.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
            dead.append(address)
    return dead


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    assert dead_links(page, read(page)) == []


def test_a_dead_link_is_found() -> None:
    assert {".github/pull_request_template.md", "README.md", "benchmarks/where_the_time_goes.md"} <= set(PAGES)
    text = "# A b\n[a](LICENSE) [b](#a-b) [c](no.py) ![d](docs/no.svg) [![e](docs/no.png)](no.yml) [f](README.md#no) [g](https://example.org)\n```\n[h](no)\n```\n"
    assert dead_links("README.md", text) == ["#a-b", "no.py", "no.yml", "README.md#no", "docs/no.svg", "docs/no.png"]


# -- the long description -----------------------------------------------------------------------------------------------------

PAGE = "[![badge](https://e.org/b.svg)](LICENSE) [`a`](autograd/a.py) [b](#b)\n![a picture](docs/a.svg)\n```python\n[c](d)\n```\n"


def test_on_an_index_links_are_addresses() -> None:
    project = {"version": "1.2.3", "urls": {"Source": "https://e.org/us/it/"}}
    assert long_description(PAGE, project) == (
        "[![badge](https://e.org/b.svg)](https://e.org/us/it/blob/v1.2.3/LICENSE) [`a`](https://e.org/us/it/blob/v1.2.3/autograd/a.py) [b](#b)\n"
        "![a picture](https://e.org/us/it/raw/v1.2.3/docs/a.svg)\n```python\n[c](d)\n```\n"
    )


def test_on_an_index_links_are_text_where_there_is_no_address() -> None:
    assert long_description(PAGE, {"version": "1.2.3"}) == (
        "![badge](https://e.org/b.svg) `a` [b](#b)\n*a picture*\n```python\n[c](d)\n```\n"
    )


def test_on_an_index_no_relative_link_is_left() -> None:
    text = without_code(long_description(read("README.md"), PROJECT["project"]))
    addresses = [*links(text), *pictures(text)]
    assert len(addresses) >= 5
    assert [address for address in addresses if not re.match("https://|#", address)] == []


# -- the distribution ---------------------------------------------------------------------------------------------------------


def is_in_the_source_distribution(path: str) -> bool:
    """By MANIFEST.in, of whose commands these four are used: the last one that speaks of a path decides."""
    inside = path == "MANIFEST.in"
    for line in read("MANIFEST.in").splitlines():
        command, *arguments = line.split() if line and not line.startswith("#") else ["#"]
        if command == "include":
            inside |= any(fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in arguments)
        elif command == "graft":
            inside |= path.startswith(f"{arguments[0]}/")
        elif command == "prune":
            inside &= not path.startswith(f"{arguments[0]}/")
        elif command == "global-exclude":
            inside &= not any(fnmatchcase(f"/{path}", f"*/{pattern}") for pattern in arguments)
        else:
            assert command == "#", f"this test does not know the command {command}"
    return inside


def test_the_source_distribution_has_every_file_that_git_tracks() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs the repository")
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    assert [path for path in done.stdout.splitlines() if not is_in_the_source_distribution(path)] == []


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("README.md", True),
        ("tests/golden/square.dot", True),
        ("setup.cfg", False),
        (".ci/venv/pyvenv.cfg", False),
        ("tests/__pycache__/conftest.cpython-311.pyc", False),
        ("notebooks/.ipynb_checkpoints/a.ipynb", False),
        ("autograd/graph.cpython-311-x86_64-linux-gnu.so", False),
        ("autograd/compiled_from.txt", False),
        ("runs/digits.html", False),
    ],
)
def test_the_source_distribution_has_nothing_else(path: str, inside: bool) -> None:
    assert is_in_the_source_distribution(path) is inside


def test_a_wheel_has_every_package() -> None:
    """setuptools finds the folders that have an `__init__.py`."""
    assert PROJECT["tool"]["setuptools"]["packages"]["find"]["include"] == ["autograd*", "nn*"]
    for package in ("autograd", "nn"):
        for path in (ROOT / package).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path


# -- templates and workflows --------------------------------------------------------------------------------------------------

YAML = [".pre-commit-config.yaml", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(".github/**/*.yml"))]


@pytest.mark.parametrize("name", YAML)
def test_it_is_yaml(name: str) -> None:
    assert isinstance(yaml.safe_load(read(name)), dict)


@pytest.mark.parametrize("name", [name for name in YAML if "TEMPLATE" in name and not name.endswith("config.yml")])
def test_a_form_can_be_filled_in(name: str) -> None:
    form = yaml.safe_load(read(name))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields) > 2


@pytest.mark.parametrize("name", [name for name in YAML if "workflows" in name])
def test_a_workflow_may_only_read(name: str) -> None:
    """But for the job that publishes the site."""
    workflow = yaml.safe_load(read(name))
    assert workflow["permissions"] == {"contents": "read"}
    for title, job in workflow["jobs"].items():
        publishes = name.endswith("/site.yml") and title == "publish"
        assert job.get("permissions") == ({"pages": "write", "id-token": "write"} if publishes else None)
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+)*", step["uses"]) for step in job["steps"] if "uses" in step)


# -- what was not run -----------------------------------------------------------------------------------------------------------


def test_the_tests_say_what_they_did_not_run(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    skipping = "import pytest\n\n@pytest.mark.parametrize('i', range(3))\ndef test_it(i):\n    pytest.skip('needs a reason')\n"
    (tmp_path / "test_it.py").write_text(skipping, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "conftest", "-p", "no:cacheprovider", "-n", "0"]
    quick, slow = (
        subprocess.run(
            [*command, *more, str(tmp_path)], cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
        )
        for more in ((), ("-m", ""))
    )
    assert "3 skipped: needs a reason\nlong tests: pytest -m slow\n" in quick.stdout
    assert "3 skipped: needs a reason\n" in slow.stdout
    assert "long tests" not in slow.stdout
