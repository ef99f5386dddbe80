// Rows of a matrix that a thread multiplies with a row of activations.
const ROWS = 8u;
