"""What the user can put right: one sentence that says what is wrong and what to do next."""

USER_ERROR_EXIT = 2


class HostError(Exception):
    """A user error: a sentence or two for stderr, on one line, and perhaps more lines of detail; exit code 2."""

    def __init__(self, sentence: str, detail: str = "") -> None:
        """What does not print in `sentence` (a file's name may hold anything) becomes a question mark."""
        super().__init__(printable(sentence))
        self.detail = detail


def printable(text: str) -> str:
    """Text without what would move the cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
