"""The reference faces' drawings, and the file that keeps them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from bridge.ocr import face_forms
from bridge.ocr.face_forms import COARSE, SIDE, FaceForms, of_length_1
from bridge.ocr.glyph_shape import draw, installed_faces

WORDS = "审申干千鑫盘己已巳阀门有限公司精密散热一二三十工土士"


@pytest.fixture(autouse=True)
def _few_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_forms, "common", lambda: list(WORDS))


@pytest.fixture
def face(tmp_path: Path) -> Path:
    return Path(shutil.copy(installed_faces()[0], tmp_path))


def test_what_was_kept_says_the_same_as_what_is_drawn(face: Path, tmp_path: Path) -> None:
    drawn, proportions = FaceForms(face, None).squares("审一A")
    assert drawn.shape == (3, SIDE, SIDE)
    assert proportions[1] > 4 * proportions[0], "一 is flat"
    for _ in ("first", "from the file"):
        kept, same = FaceForms(face, tmp_path / "cache").squares("审一A")
        assert np.array_equal(kept, drawn)
        assert np.array_equal(same, proportions)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_nearest_drawing_of_a_character_is_its_own(face: Path) -> None:
    forms = FaceForms(face, None)
    found = draw(face, "阀")
    assert found is not None
    assert forms.nearest(found[1].astype(np.float32), 1) == ["阀"]
    assert len(forms.nearest(found[1].astype(np.float32), 5)) == 5


@pytest.mark.parametrize("harm", ["half", "empty", "other"])
def test_a_file_that_is_not_whole_is_drawn_anew(face: Path, tmp_path: Path, harm: str) -> None:
    drawn, _ = FaceForms(face, tmp_path / "cache").squares(WORDS)
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()
    if harm == "other":
        np.save(file, np.zeros((3, COARSE)))
    else:
        file.write_bytes(whole[: len(whole) // 2] if harm == "half" else b"")
    again, _ = FaceForms(face, tmp_path / "cache").squares(WORDS)
    assert np.array_equal(again, drawn)
    assert file.read_bytes() == whole


def test_a_face_that_was_renewed_is_drawn_anew_and_the_old_file_goes(face: Path, tmp_path: Path) -> None:
    FaceForms(face, tmp_path / "cache")
    (first,) = (tmp_path / "cache").iterdir()
    os.utime(face, (1, 1))
    FaceForms(face, tmp_path / "cache")
    (second,) = (tmp_path / "cache").iterdir()
    assert second != first


def test_where_nothing_can_be_kept_it_works_all_the_same(face: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    drawn, _ = FaceForms(face, tmp_path / "cache").squares("审")
    assert drawn.max() > 100


def test_one_colour_has_no_form() -> None:
    assert not of_length_1(np.full((2, 4, 4), 7, np.float32)).any()
