"""The compiler turns a recorded graph into a program: a few instructions on arrays, with matrix products and loops over samples.

    graph of Values ──trace──> Tape ──sums──> Sums ──vectorise, matmuls──> groups ──allocate──> Code ──load──> Executable

1. *trace*: write the graph as flat rows, inputs first; determine which rows receive gradients and which can raise errors.
2. *sums*: turn each chain of additions into a sum, and the products in it into a dot.
3. *vectorise*: compute rows with the same operation and inputs of the same kind by one instruction.
4. *matmuls*: replace dots that form rows × columns by a matrix product.
5. *allocate*: assign places to the numbers, such that operands are slices of storage where possible.
6. *load*: a backend prepares the code to be run.

Its parts:

    ir          instructions, operands, and the definition of legal code; `stages` has what is between the passes
    pipeline    the order of the passes; `explain(f, *args)` shows the result of each
    passes      one file for each pass
    backends    the contract, and three backends: NumPy, which is the reference; LLVM; JAX
    export      code as text: the listing, NumPy source, a function of JAX
    api         the interface for users: `compile`, compiled functions, programs of graphs
"""
