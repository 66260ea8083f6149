"""Earshot: the power model and its report."""
