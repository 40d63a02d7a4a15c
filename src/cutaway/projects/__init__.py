"""The projects of the book: one folder each, with its data, network, recipe, evaluation and use."""
