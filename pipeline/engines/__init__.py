"""How work is run: processes, chunks, lost workers."""
