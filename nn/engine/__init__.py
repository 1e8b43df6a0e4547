"""How the losses and the gradient of a batch are computed: by an engine.

- `interface`: what every engine does.
- `samples`: the data, as lists for eager code and as arrays for compiled code.
- `eager_engine`: the graph of every sample, and the chain rule through it. The reference.
- `compiled_engine`: one sample recorded and compiled, and run for a whole batch; `side_effects` says which models cannot be recorded.
- `kept_engines`: engines that `fit`, `predict` and `evaluate` use again at their next call; `reuse` says whether their records are up to
  date, by the `fingerprint` of the model, which is made of all `references` that its code can follow.
- `diagnosis`: which sample, operation or parameter first is nan or infinite.
"""
