"""Domains: from the text language, or an n-gram model, to the graph that the decoder walks (DOMAINS.md)."""
