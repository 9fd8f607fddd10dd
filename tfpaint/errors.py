"""The exception that tfpaint raises for invalid input."""


class InputError(ValueError):
    """A picture, mask, preset or option that cannot be used.

    The message is one sentence that names the file or option and says what to do about it.
    """
