"""Tables -> images: word clouds, charts, the font."""
