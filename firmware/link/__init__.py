"""Earshot: the wire protocol, one definition for both ends."""
