"""The words that the board knows: phonemes, the graph of a domain and its binary form."""
