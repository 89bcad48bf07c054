"""The command line: one file a command; `render/` is the only code that prints results."""
