"""Files to posts: every format is found by its content and read into the same few records."""
