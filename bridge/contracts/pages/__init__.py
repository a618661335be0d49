"""Contract files and their pages: opening, straightening, cleaning.  pypdfium2 and OpenCV, and no reading."""
