"""Label maps of faces by pyfacer."""
