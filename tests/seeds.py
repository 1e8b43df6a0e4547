"""What the course must hold: each row is shown in a notebook, by a cell with its id among the tags, and tested, by a test marked with it.

x is the input, y the target, zˡ = Wˡ aˡ⁻¹ + bˡ and aˡ = σ(zˡ) are what layer l computes, L is the last layer, C the cost,
δˡ = ∂C/∂zˡ, ⊙ the product element by element, m the number of samples, η the learning rate.
"""

SEEDS = {
    # the network
    "A1": "a neuron with one input: ŷ = w x + b, a price from an area",
    "A2": "perceptron, logistic regression: σ(w · x + b); its boundary is a line, and so it cannot compute XOR",
    "A3": "multi-layer perceptron: input, hidden layers, output; the input is not counted as a layer",
    "A4": "a hidden neuron divides by a line, and the output neuron intersects half-planes: XOR, two circles",
    "A5": "vectors instead of loops: four neurons of three inputs are a (4, 3) matrix, and samples are the columns of another one",
    "A6": "end to end: raw data in, the answer out, no features made by hand",
    "A7": "a network drawn from its matrices: a node for each neuron, an edge for each weight",
    # activations
    "B1": "sigmoid: 1/(1 + e⁻ᶻ), σ' = σ (1 - σ), which goes to 0 for large |z|",
    "B2": "tanh z = 2 σ(2z) - 1: through (0, 0), between -1 and 1, saturates too",
    "B3": "ReLU: max(0, z), slope 1 or 0; a neuron without slope for any sample is dead",
    "B4": "leaky ReLU: z, or α z below 0; the slope is never 0",
    "B5": "softmax: aᵢ = eᶻⁱ / Σ eᶻʲ, positive, with the sum 1; a vector of a vector",
    "B6": "hardmax: 1 at the largest element, 0 elsewhere",
    "B7": "without activations a deep network is one linear layer, and with a sigmoid at the end logistic regression",
    "B8": "a rule of thumb: for answers 0 and 1 a sigmoid at the end, ReLUs before it",
    # initial weights
    "C1": "weights from a normal distribution",
    "C2": "Xavier: uniform within ±√(6/(a + b)) for a inputs and b outputs, so that neither signals nor gradients change their variance",
    "C3": "hidden neurons with equal weights get equal gradients and stay equal: one neuron in effect",
    # losses
    "D1": "mean squared error: the mean of (ŷ - y)²",
    "D2": "binary cross-entropy: -(1/N) Σ [y log ŷ + (1 - y) log(1 - ŷ)]",
    "D3": "cross-entropy after softmax: -Σ yⱼ log ŷⱼ; least where the likelihood of all labels is greatest",
    "D4": "quadratic cost: Cₓ = ½ ‖y - aᴸ‖², C the mean over the samples x",
    "D5": "against over-fitting: regularisation and dropout, rather than fewer parameters",
    # backpropagation
    "E1": "forward: layer by layer, what lies between is kept, no parameter changes",
    "E2": "δᴸ = ∇ₐC ⊙ σ'(zᴸ)",
    "E3": "δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ'(zˡ)",
    "E4": "∂C/∂bˡ = δˡ",
    "E5": "∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ",
    "E6": "a gradient is the sum over all paths to the cost of the product of the local derivatives along the path",
    "E7": "two layers of sigmoids with cross-entropy: da2 = -y/a2 + (1 - y)/(1 - a2), dz2 = a2 - y, dw2 = dz2 a1, db2 = dz2, "
    "da1 = dz2 w2, dz1 = da1 σ'(z1), dw1 = dz1 x, db1 = dz1, in this order, as means over the samples",
    "E8": "w ← w - η ∂C/∂w; a large η jumps over the minimum, a small one takes too many steps",
    "E9": "the end: after so many iterations, or at convergence",
    # stochastic gradient descent
    "F1": "batches of 1 sample (stochastic), of some (mini-batch), of all m (batch)",
    "F2": "habits: all samples at once below 2,000, otherwise batches of 64 to 512, a power of two",
    "F3": "small batches: noise; large ones: an epoch takes less time, and more epochs are needed",
    # the systems
    "G1": "Nielsen's digits: 784-30-10 sigmoids, quadratic cost, batches of 10, η = 3, 30 epochs: 95.42 % of the test images",
    "G2": "his improved network: cross-entropy, L2, weights of N(0, 1/√inputs), early stopping, 100 hidden neurons: about 98 %",
    "G3": "a convolutional network: convolution, pooling, fully connected layers",
    "G4": "the vanishing gradient: in a deep network of sigmoids it shrinks from layer to layer, on its way back",
    "G5": "universal approximation: one hidden layer comes as near as one likes to a continuous function",
    "G6": "the frameworks: things are called here what PyTorch and Keras call them",
}
