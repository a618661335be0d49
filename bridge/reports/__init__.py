"""Stage *report*: what one run found, for people, with the picture of each doubtful or changed cell."""
