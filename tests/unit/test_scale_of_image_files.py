"""How large a picture file's characters are is what one says, else what the profile says."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import commands
from bridge.cli.app import app
from bridge.errors import UnreadableImage
from bridge.ocr import files

PROFILE = """profile: 1
name: x
{browser}
list: {{where: {{at: table}}}}
key: [order_no]
columns: [{{heading: 订单编号, field: order_no, type: code}}]
"""


@pytest.mark.parametrize(
    ("browser", "said", "taken"),
    [("", [], 2.0), ("", ["--scale", "1"], 1.0), ("browser: {scale: 3}", [], 3.0)],
)
def test_the_scale_of_a_picture_file(
    browser: str, said: list[str], taken: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commands.__name__
    scales: list[float] = []

    def seen(path: Path, scale: float) -> None:
        scales.append(scale)
        raise UnreadableImage(f"{path} is looked at no further")

    monkeypatch.setattr(files, "shot_of", seen)
    (tmp_path / "x.yaml").write_text(PROFILE.format(browser=browser), encoding="utf-8")
    result = CliRunner().invoke(app, ["read", "x.png", "--profile", str(tmp_path / "x.yaml"), *said])
    assert isinstance(result.exception, UnreadableImage)
    assert scales == [taken]
