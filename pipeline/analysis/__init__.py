"""Tokens -> tables: what a day was about."""
