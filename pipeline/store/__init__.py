"""Dated partitions on disk: where they lie, how they are written, what they were made of."""
