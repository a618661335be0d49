"""Order lists drawn with known truth: the pictures that reading is measured on."""
