"""The one file to run: it makes .venv, installs Cutaway into it, and runs it.

    python3 start.py          train the digits network on real handwriting, and offer to look inside it
                              (options of `cutaway run digits` may follow)
    python3 start.py learn    the course: its chapters; with a number, that chapter as a notebook in JupyterLab
    python3 start.py test     install what the tests need and run all of them

Standard library only, no shell, no activation: the same on Linux, macOS and Windows. Its syntax is that of
Python 3.6, so that old Pythons reach the sentence that says what is missing.
"""

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 (this file is also met by older Pythons)
    sys.exit(
        f"Cutaway needs Python 3.11 or newer, and this is {sys.version.split()[0]} ({sys.executable}).\n"
        "Install a newer one, then name it: python3.11 start.py (on Windows: py -3.11 start.py)."
    )

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{SUFFIX}"
PAGE = HERE / "tests" / "glass" / "browser"  # has a package.json: TypeScript and axe-core, for the page's tests
TYPES = PAGE / "node_modules" / "typescript" / "bin" / "tsc"
NOTE = VENV / "cutaway-installed.json"  # what earlier calls installed, from which pyproject.toml
UNREACHABLE = ("Failed to establish", "name resolution", "ConnectionError", "ConnectTimeout", "timed out")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class SetupError(Exception):
    """Ends the program with one sentence."""


class UnreachableError(SetupError):
    """pip finds no network."""


def main(words: "list[str]") -> int:
    """Run the tests (`test`), the course (`learn`) or, without such a word, the digits; return the exit status."""
    try:
        make_environment()
        if words[:1] == ["test"]:
            return test()
        if words[:1] == ["learn"]:
            install_once("the course", ["-e", f"{HERE}[images,learn]"])
            return call([PYTHON, "-m", "cutaway", *words])
        install_once("Cutaway", ["-e", f"{HERE}[images]"])
        status = call([PYTHON, "-m", "cutaway", "run", "digits", *words])
        return status or offer_studio(words)
    except (SetupError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return 130


def offer_studio(words: "list[str]") -> int:
    """Offer to open the run that was just trained in the browser, where somebody is there to answer."""
    folder = folder_of(words)
    asked_for_help = "--help" in words or "-h" in words
    if asked_for_help or not (HERE / folder).is_dir() or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return 0
    try:
        answer = input("\nOpen this run in the studio, in your browser, to play, step and look inside? [Y/n] ")
    except EOFError:
        return 0
    if answer.strip().lower() not in ("", "y", "yes"):
        return 0
    try:
        install_once("the studio", ["-e", f"{HERE}[images,studio]"])
    except SetupError as error:  # the run is trained and saved all the same
        print(f"\n{error}", file=sys.stderr)
        return 0
    return call([PYTHON, "-m", "cutaway", "open", folder])


def folder_of(words: "list[str]") -> str:
    """The folder that `cutaway run digits` saves its run in."""
    for k, word in enumerate(words):
        if word == "--out" and k + 1 < len(words):
            return words[k + 1]
        if word.startswith("--out="):
            return word[len("--out=") :]
    return os.path.join("runs", "digits")


# -- the environment ----------------------------------------------------------------------------------------
def make_environment() -> None:
    """Make .venv, or make it anew when what stands there does not work."""
    if runs_python() and (read_note() or pip_command()):
        return
    if VENV.exists():
        print("The folder .venv is not whole: making it anew ...", flush=True)
        shutil.rmtree(VENV)
    else:
        print("Making a Python environment in .venv ...", flush=True)
    if not succeeds([sys.executable, "-m", "venv", VENV]):
        # Debian's Python has no ensurepip until python3-venv is installed: then the system's pip fills .venv.
        shutil.rmtree(VENV, ignore_errors=True)
        if not succeeds([sys.executable, "-m", "venv", "--without-pip", VENV]):
            raise SetupError(f"Python cannot make {VENV}. Is the folder writable, is the disk full?")
    if not pip_command():
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            "This Python comes without pip. On Debian and Ubuntu type: sudo apt install python3-venv\n"
            "Then run the same command again."
        )


def runs_python() -> bool:
    """Is there a Python in .venv that is new enough?"""
    return succeeds([PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"])


def pip_command() -> "list[str]":
    """The command that installs into .venv, or [] when there is none."""
    inside = [str(PYTHON), "-m", "pip"]
    outside = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    return next((command for command in (inside, outside) if succeeds([*command, "--version"])), [])


def install_once(what: str, packages: "list[str]") -> None:
    """Install with pip, unless exactly this was done before."""
    state = [str(HERE), packages, hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()]
    if read_note().get(what) == state:
        return
    print(f"Installing {what} into .venv ...", flush=True)
    pip_install(packages)
    NOTE.write_text(json.dumps({**read_note(), what: state}, indent=1), encoding="utf-8")


def read_note() -> "dict[str, object]":
    """What earlier calls installed."""
    try:
        return dict(json.loads(NOTE.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def pip_install(packages: "list[str]") -> None:
    """Run pip: one changing line in a terminal, its report only when it fails."""
    command = [*pip_command(), "install", "--disable-pip-version-check", "--no-input", *packages]
    live, lines = sys.stdout.isatty(), [""]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=surroundings(), errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line.rstrip())
            if live:
                print("\r  " + lines[-1].strip()[:74].ljust(76), end="", flush=True)
    if live:
        print("\r" + " " * 78, end="\r", flush=True)
    if pip.returncode:
        if any(word in line for word in UNREACHABLE for line in lines):
            raise UnreachableError(
                "pip cannot reach the package index. Connect to the network and run the same command again;\n"
                "behind a proxy, pip reads its address from HTTPS_PROXY."
            )
        raise SetupError(f"pip could not install {' '.join(packages)}:" + "\n  ".join(["", *lines[-8:]]))


# -- the tests ----------------------------------------------------------------------------------------------
def test() -> int:
    """Install what the tests need, run every check, and say what was left out."""
    left_out = install_for_tests()
    handle, report = tempfile.mkstemp(suffix=".xml")
    os.close(handle)
    workers = str(min(os.cpu_count() or 1, 4))
    checks: dict[str, list[object]] = {
        "ruff check": [PYTHON, "-m", "ruff", "check"],
        "ruff format": [PYTHON, "-m", "ruff", "format", "--check"],
        "mypy": [PYTHON, "-m", "mypy"],
        "import-linter": [BIN / f"lint-imports{SUFFIX}"],
        "pytest": [PYTHON, "-m", "pytest", "-q", "-n", workers, "--dist=loadgroup", f"--junitxml={report}"],
    }
    failed = []
    if TYPES.is_file():
        checks["tsc (the page's modules)"] = [shutil.which("node"), TYPES, "-p", PAGE / "tsconfig.json"]
    for name, command in checks.items():
        print(f"\n== {name}", flush=True)
        if call(command, ONE_THREAD):
            failed.append(name)
    left_out += skipped(Path(report))
    print(f"\nfailed: {', '.join(failed)}" if failed else f"\nall passed: {', '.join(checks)}")
    print("left out: " + ("; ".join(left_out) if left_out else "nothing"))
    return 1 if failed or (left_out and os.environ.get("CI") == "true") else 0


def install_for_tests() -> "list[str]":
    """Install the package, its extras and the tests' tools; return what this machine cannot have."""
    import tomllib

    groups = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    package, tools, torch = f"{HERE}[all]", groups["test"] + groups["docs"], groups["torch"][0]
    left_out = []

    def attempt(what: str, packages: "list[str]") -> bool:
        try:
            install_once(what, packages)
        except UnreachableError:
            raise
        except SetupError as error:
            print(error, flush=True)
            return False
        return True

    if not attempt("Cutaway and what its tests need", ["-e", package, *tools]):
        install_once("Cutaway", ["-e", str(HERE)])
        for one in [["-e", package], *([tool] for tool in tools)]:  # whatever can be had, one by one
            if not attempt(one[-1], one):
                left_out.append(how_to_get(one[-1]))
    if not attempt("PyTorch, to compare with", [torch]):
        left_out.append(how_to_get(torch))
    if not install_for_the_page():
        left_out.append("the types of the page's modules, and axe-core (to get them: Node 20 or newer, nodejs.org)")
    return left_out


def install_for_the_page() -> bool:
    """Install with npm what checks the page's modules, unless it is there already in these versions."""
    if not (PAGE / "package.json").is_file():  # a copy without the tests has no page to check
        return True
    asked = (PAGE / "package.json").read_text(encoding="utf-8")
    if TYPES.is_file() and read_note().get("the page's tools") == asked:
        return True
    npm = shutil.which("npm")
    if npm is None:
        return False
    print("Installing what checks the page into tests/glass/browser/node_modules ...", flush=True)
    if not succeeds([npm, "install", "--prefix", PAGE, "--no-package-lock", "--no-audit", "--no-fund"]):
        return False
    NOTE.write_text(json.dumps({**read_note(), "the page's tools": asked}, indent=1), encoding="utf-8")
    return True


def how_to_get(package: str) -> str:
    """A part that was left out, and the command that brings it."""
    command = runpy.run_path(str(HERE / "src" / "cutaway" / "engine" / "shell.py"))["command"]
    return f"{package} (to get it: {command(PYTHON, '-m', 'pip', 'install', package)})"


def skipped(report: Path) -> "list[str]":
    """Why tests were skipped, each reason once, from pytest's report."""
    from xml.etree import ElementTree

    try:
        marks = list(ElementTree.parse(report).iter("skipped"))
    except (OSError, ElementTree.ParseError):
        marks = []
    report.unlink(missing_ok=True)
    return sorted({mark.get("message", "") for mark in marks if mark.get("type") == "pytest.skip"})


# -- running programs ---------------------------------------------------------------------------------------
def surroundings() -> "dict[str, str]":
    """The environment variables, without those that would lead to another Python's packages."""
    misleading = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
    return {**{k: v for k, v in os.environ.items() if k not in misleading}, "PIP_USER": "0"}


def succeeds(command: "list[object]") -> bool:
    """Run quietly; was the exit status 0?"""
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, env=surroundings(), capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def call(command: "list[object]", extra: "dict[str, str] | None" = None) -> int:
    """Run in the open and return the exit status; Ctrl-C is for the program that runs to answer."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, cwd=HERE, env={**surroundings(), **(extra or {})})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
