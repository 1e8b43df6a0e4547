"""The compiler: a recorded graph becomes a program of a few instructions on arrays, with loops over samples and matrix products.

    graph of Values ──trace──> Tape ──sums──> Sums ──vectorise, matmuls──> groups ──allocate──> Code ──load──> Executable

1. *trace*: the graph as flat rows, inputs first. Where gradients and errors come to is computed here, for all backends.
2. *sums*: a chain of additions becomes a sum; the products in it, a dot.
3. *vectorise*: rows that do the same thing to inputs of the same kind become one instruction.
4. *matmuls*: dots that are rows × columns become one matrix product.
5. *allocate*: numbers get places, such that operands are slices of storage.
6. *load*: a backend makes the code ready to run.

Where things stand:

    ir          instructions, operands, and what is legal; `forms` has what is between the passes
    pipeline    the order of the passes; `explain(f, *args)` prints what each of them makes
    passes      one file a pass
    backends    the contract, and what runs code: NumPy, the reference; the native machine; JAX
    export      code as text: the listing, NumPy source, a function of JAX
    api         what a user calls: `compile`, compiled functions, programs of graphs
"""
