// Optimizers.
export {}
