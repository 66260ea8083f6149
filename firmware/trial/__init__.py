"""Trials: parts of the image run by themselves, for a self-test on the board and to count cycles."""
