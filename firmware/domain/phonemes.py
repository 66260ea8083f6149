"""The recogniser's alphabet: ARPAbet without stress (the CMU dictionary's 39 phonemes) behind the CTC blank.

The network's outputs, the pronunciations in a compiled domain and the decoder count in this order.
"""

BLANK = 0
"""Class of the CTC blank (A. Graves et al., "Connectionist Temporal Classification", 2006, section 3.1)."""

PHONEMES = [
    "AA",
    "AE",
    "AH",
    "AO",
    "AW",
    "AY",
    "B",
    "CH",
    "D",
    "DH",
    "EH",
    "ER",
    "EY",
    "F",
    "G",
    "HH",
    "IH",
    "IY",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "OW",
    "OY",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "UH",
    "UW",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]
"""Phoneme of class i + 1."""

CLASSES = 1 + len(PHONEMES)

CLASS = {phoneme: number for number, phoneme in enumerate(PHONEMES, start=1)}
"""Class of a phoneme, without the stress digit."""
