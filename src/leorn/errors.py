"""The one kind of error that is meant for the person at the keyboard."""


class InputError(ValueError):
    """Something from outside is wrong: a file, a value, an option.

    The message is one line that says what is wrong, where (file, line, video, key) and what would be right.
    The command line prints it on stderr and exits with status 2; a caller of the library may catch it.
    """
