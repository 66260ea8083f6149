"""Earshot: virtual boards, the real image on an emulated core."""
