"""Measured traces: reading what instruments write, splitting it by the listener's state, fitting figures to it."""
