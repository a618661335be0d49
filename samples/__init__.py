"""Sample systems to try the bridge on: apart from `bridge`, which never imports them, nor they it."""
