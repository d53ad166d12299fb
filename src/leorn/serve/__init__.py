"""A library over HTTP: search, play, upload, export; `leorn serve`."""
