"""From a recorded scalar graph to a tensor program: record → roll → find the matrices → lay out → execute."""
