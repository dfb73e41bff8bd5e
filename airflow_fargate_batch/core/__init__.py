"""The rules: values in, values out. Nothing here reads a clock, a file, a socket or a variable."""
