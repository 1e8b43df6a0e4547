"""Fuzzers: random programs, functions, models and nestings of transforms, each compared with something that computes the same otherwise."""
