"""Makes the environment that everything runs in: `python3 workshop/install.py [test]`.

Run by whatever Python is there, so it uses nothing but the standard library and no syntax
newer than Python 3.6; it looks for a Python that is new enough and says so if there is none.
"""

import os
import re
import shutil
import subprocess
import sys

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(HOME, ".venv")
OLDEST = (3, 11)
NEWER = ["python3.14", "python3.13", "python3.12", "python3.11"]
NO_NETWORK = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeout|Temporary failure in name|Network is"
    "|from versions: none"
)


def main(arguments):
    """Create or bring up to date the environment; the exit status."""
    if sys.version_info < OLDEST:
        return with_newer_python(arguments)
    lock = "requirements-test.lock" if "test" in arguments else "requirements.lock"
    if not os.path.exists(os.path.join(VENV, "bin", "pip")):
        made = subprocess.run(
            [sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if made.returncode:
            return refuse(
                "Python's venv module does not work here. On Debian or Ubuntu: sudo apt install python3-venv",
                made.stdout.decode(errors="replace"),
            )
    pip = [
        os.path.join(VENV, "bin", "python"),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ]
    return (
        install([*pip, "--require-hashes", "-r", lock], lock)
        or install([*pip, "--no-deps", "--no-build-isolation", "-e", "."], None)
        or fill_npm_cache()
    )


def with_newer_python(arguments):
    """Start again with a newer Python if the machine has one."""
    for name in NEWER:
        found = shutil.which(name)
        if found:
            return subprocess.call([found, os.path.abspath(__file__)] + arguments)
    have = ".".join(str(part) for part in sys.version_info[:3])
    return refuse(
        f"This is Python {have}; the workshop needs 3.11 or newer. Install one from python.org (or your"
        " system's packages), then: make run PYTHON=/path/to/python3.12"
    )


def install(command, lock):
    """Run pip and show how far it is; the exit status."""
    total = count(lock) if lock else 0
    lines, done = [], 0
    process = subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for raw in process.stdout or ():
        line = raw.decode(errors="replace").rstrip()
        lines.append(line)
        if total and line.startswith(("Collecting", "Requirement already")):
            done += 1
            show(f"Installing packages, {min(done, total)} of {total} …")
        if line.startswith("Installing collected"):
            show(f"Unpacking {total} packages …")
    show("")
    if process.wait() == 0:
        return 0
    output = "\n".join(lines[-15:])
    if any(NO_NETWORK.search(line) for line in lines):
        return refuse(
            "The packages cannot be fetched: there is no network (it is needed once, at first install)."
            " Connect, then run the same command again.",
            output,
        )
    return refuse("The packages could not be installed; pip says why:", output)


def fill_npm_cache():
    """Fetch the sample application's packages once, so that builds need no network."""
    show("Fetching the sample application's packages …")
    filled = subprocess.run(
        [os.path.join(VENV, "bin", "python"), "-m", "workshop", "fill-npm-cache"],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    show("")
    if filled.returncode:
        return refuse(
            "The sample application's packages cannot be fetched from the npm registry (needed once)."
            " Check the network, then run the same command again.",
            filled.stdout.decode(errors="replace")[-800:],
        )
    return 0


def count(lock):
    """How many packages a lock file names."""
    with open(os.path.join(HOME, lock), encoding="utf-8") as lines:
        return sum(1 for line in lines if re.match(r"[A-Za-z0-9]", line))


def show(words):
    """Progress on one line of a terminal, quiet elsewhere."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + words)
        sys.stdout.flush()


def refuse(sentence, details=""):
    """Say what is wrong; the exit status."""
    if details:
        sys.stderr.write(details.rstrip() + "\n\n")
    sys.stderr.write("✕ " + sentence + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
