"""hibi: a daily text-mining pipeline for Japanese posts."""

__version__ = "0.1.0"
