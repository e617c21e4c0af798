// Modules: the layers, losses and containers that models are built of.
export {}
