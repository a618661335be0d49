"""PaddleOCR and OpenCV live here and nowhere else: weights, engine, grid, propose, prove, remember."""
