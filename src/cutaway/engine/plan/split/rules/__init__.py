"""What each family of operations does with inputs that are cut or held in parts.

elementwise (with broadcasting), arrange (reshape, permute, cut, ...), join, reduce (sums, averages, the largest),
products (matmul, attention), pictures (convolution, pooling), norms, sequences (recurrence, ctc), tables, losses.
"""

from . import arrange, elementwise, join, losses, norms, pictures, products, reduce, sequences, tables

__all__ = ["arrange", "elementwise", "join", "losses", "norms", "pictures", "products", "reduce", "sequences", "tables"]
