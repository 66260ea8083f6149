"""Earshot: the portable pipeline, and the generators of its tables."""
