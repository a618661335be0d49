"""The picture with four characters on the sign-in page."""

import io
from random import Random

from PIL import Image, ImageDraw, ImageFont

# No O0QD, I1L, Z2, S5, B8, G6, U/V: people could not tell them apart either.
ALPHABET = "3479ACEFHJKMNPRTVWXY"
SIZE = (92, 30)


def answer(rng: Random) -> str:
    return "".join(rng.choice(ALPHABET) for _ in range(4))


def picture(text: str, kind: str, rng: Random) -> bytes:
    """PNG of `text`; `plain` as old ASP programs drew it, `curly` as PyPI `captcha` does."""
    if kind == "curly":
        from captcha.image import ImageCaptcha  # only this variant needs the package

        return bytes(ImageCaptcha(width=160, height=60).generate(text).getvalue())
    image = Image.new("RGB", SIZE, (243, 246, 250))
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        ends = [(rng.randrange(SIZE[0]), rng.randrange(SIZE[1])) for _ in range(2)]
        draw.line(ends, fill=_colour(rng, 150, 215))
    for place, character in enumerate(text):
        _character(image, character, place, rng)
    for _ in range(70):
        draw.point((rng.randrange(SIZE[0]), rng.randrange(SIZE[1])), fill=_colour(rng, 90, 200))
    draw.rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), outline=(127, 157, 185))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _character(image: Image.Image, character: str, place: int, rng: Random) -> None:
    tile = Image.new("L", (28, 30), 0)
    ImageDraw.Draw(tile).text((5, 2), character, fill=255, font=ImageFont.load_default(size=21))
    tile = tile.rotate(rng.uniform(-14, 14), resample=Image.Resampling.BICUBIC)
    image.paste(_colour(rng, 10, 110), (3 + place * 21 + rng.randrange(3), rng.randrange(-2, 3)), tile)


def _colour(rng: Random, low: int, high: int) -> tuple[int, int, int]:
    return rng.randrange(low, high), rng.randrange(low, high), rng.randrange(low, high)
