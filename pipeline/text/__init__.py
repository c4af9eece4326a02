"""str -> tokens: one way of cleaning, splitting and tokenising for all."""
