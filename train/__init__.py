"""Earshot: from recordings to INT8 networks (corpora, training, quantization, evaluation)."""
