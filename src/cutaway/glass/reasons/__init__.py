"""One change of one weight taken apart: by update rule, by example, by path."""
