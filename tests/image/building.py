"""Builds the image's root: each instruction of the Dockerfile, in a root that debootstrap made.

In: the Dockerfile, the folder of the project, a base root, a folder of wheels. Out: the root of the last stage and how it is run.
Never here: the network, which only debootstrap and pip's own download use; a change outside of the given folders.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.image.dockerfile import Instruction, Stage, pairs, stages_of, substituted

SUITE = "bookworm"
"""Debian's release of the base image; its Python is that of the image, 3.11."""
_PACKAGES = "ca-certificates,python-is-python3,python3,python3-venv"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_IN_ROOT = """
mount --bind "$ROOT" "$ROOT"
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
mkdir -p "$ROOT/tmp/wheels"
mount --bind "$WHEELS" "$ROOT/tmp/wheels"
exec chroot "$ROOT" /usr/bin/env -i "$@"
"""


@dataclass(slots=True)
class Image:
    """A root, and how a container runs it."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    workdir: str = "/"
    user: str = "0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


def base_root(folder: Path) -> Path:
    """Return a minimal Debian with Python, by debootstrap."""
    root = folder / "base"
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", SUITE, str(root)], check=True, stdout=subprocess.DEVNULL
    )
    for name in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / name, ignore_errors=True)
    return root


def wheels(project: Path, folder: Path, extras: Sequence[str]) -> Path:
    """Return a folder with the wheels that the locks name, by pip, which compares their hashes; pip is that of a new venv."""
    target = folder / "wheels"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "installer")], check=True)
    python = folder / "installer" / "bin" / "python"
    locks = [project / "requirements.lock", *(project / "requirements" / f"{extra}.lock" for extra in extras)]
    named = [word for lock in locks for word in ("--requirement", str(lock))]
    subprocess.run(
        [str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
         "--require-hashes", "--dest", str(target), *named],
        check=True,
    )  # fmt: skip
    return target


def build(project: Path, folder: Path, base: Path, wheels: Path, arguments: Mapping[str, str]) -> Image:
    """Carry out the Dockerfile; return the image of its last stage."""
    defaults, stages = stages_of((project / "Dockerfile").read_text(encoding="utf-8"))
    made: dict[str, Image] = {}
    image = Image(base)
    for number, stage in enumerate(stages):
        image = Image(folder / (stage.name or f"stage-{number}"))
        subprocess.run(["cp", "--archive", str(base), str(image.root)], check=True)
        _carry_out(stage, image, project, made, defaults | dict(arguments), wheels)
        if stage.name:
            made[stage.name] = image
    return image


def _carry_out(
    stage: Stage, image: Image, project: Path, made: Mapping[str, Image], given: Mapping[str, str], wheels: Path
) -> None:
    arguments: dict[str, str] = {}
    for one in stage.instructions:
        text = substituted(one.text, image.environment | arguments) if one.keyword != "RUN" else one.text
        match one.keyword:
            case "ARG":
                arguments[text.partition("=")[0]] = given.get(text.partition("=")[0], text.partition("=")[2])
            case "ENV":
                image.environment |= pairs(text)
            case "RUN":
                _run(image, arguments, text, wheels)
            case "COPY":
                _copy(image, project, made, text.split())
            case _:
                _configure(image, Instruction(one.keyword, text))


def _configure(image: Image, one: Instruction) -> None:
    match one.keyword:
        case "WORKDIR":
            image.workdir = one.text
            (image.root / one.text.lstrip("/")).mkdir(parents=True, exist_ok=True)
        case "USER":
            image.user = one.text
        case "ENTRYPOINT":
            image.entrypoint = one.words()
        case "CMD":
            image.command = one.words()
        case "HEALTHCHECK":
            image.healthcheck = Instruction("CMD", one.text.partition(" CMD ")[2]).words()
        case _:
            pass  # LABEL, EXPOSE and VOLUME say nothing of the files


def _run(image: Image, arguments: Mapping[str, str], text: str, wheels: Path) -> None:
    # pip takes the wheels from the folder, and nothing from elsewhere: the root has no way out.
    environment = image.environment | dict(arguments) | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/tmp/wheels"}
    values = [f"{name}={value}" for name, value in environment.items()]
    words = ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", _IN_ROOT, "sh", *values]
    done = subprocess.run(
        [*words, "sh", "-euc", f"cd {image.workdir}\n{text}"],
        check=False,
        env={"PATH": _PATH, "ROOT": str(image.root), "WHEELS": str(wheels)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"RUN {text}\n{done.stdout}\n{done.stderr}")
    shutil.rmtree(image.root / "tmp" / "wheels", ignore_errors=True)


def _copy(image: Image, project: Path, made: Mapping[str, Image], words: Sequence[str]) -> None:
    """Copy a file or a folder; a folder's contents go into the target, as Docker's COPY does."""
    source, left_out = project, ["__pycache__"]
    if words[0].startswith("--from="):
        source, left_out = made[words[0].removeprefix("--from=")].root, []
        words = words[1:]
    name, target = words
    found = source / name.lstrip("/")
    into = image.root / (target if target.startswith("/") else f"{image.workdir}/{target}").lstrip("/")
    if found.is_dir():
        shutil.copytree(found, into, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*left_out))
    else:
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(found, into)


def megabytes(folder: Path) -> int:
    """Return the size of a folder on the disk."""
    told = subprocess.run(["du", "-sk", "--one-file-system", str(folder)], check=True, capture_output=True, text=True).stdout
    return round(int(told.split()[0]) / 1024)
