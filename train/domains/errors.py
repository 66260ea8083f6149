"""What is wrong with a text, and where: editors find the place by the first line."""


class TextError(ValueError):
    """FILE:LINE:COLUMN: what is wrong; what to do. Below it the line and a caret, where there is one."""

    def __init__(self, file: str, line: int, column: int, message: str, text: str = "") -> None:
        self.file, self.line, self.column, self.message = file, line, column, message
        shown = f"{file}:{line}:{column}: {message}"
        if text:
            # Tabs stay tabs, so that the caret stands under its character whatever their width.
            before = "".join("\t" if c == "\t" else " " for c in text[: column - 1])
            shown += f"\n  {text}\n  {before}^"
        super().__init__(shown)
