"""Earshot: the engineer's end of the link (ports, listen, replay, virtual boards)."""
