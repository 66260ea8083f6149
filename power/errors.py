"""What the user can put right: one sentence that says what is wrong and what to do next."""


class PowerError(Exception):
    """A user error. Its text is one or two sentences for stderr; the command ends with exit code 2."""


USER_ERROR_EXIT = 2
