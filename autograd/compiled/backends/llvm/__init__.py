"""The LLVM backend: kernels that the rows of the op table write themselves, compiled when they are first run and kept on disk."""
